package machine

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"github.com/goldap/goldap/pkg/config"
)

// checkConfiguration loads the configuration, for the other parts, too.
func (x *examination) checkConfiguration(context.Context) {
	x.path = x.findConfiguration()
	if x.path == "" {
		x.found("config-missing", config.UsualPlaces()[0], "goldapctl setup writes one",
			"there is no configuration: none of %s", strings.Join(config.UsualPlaces(), ", "))
		return
	}
	cfg, err := config.Load(x.host.real(x.path))
	if err != nil {
		x.configurationProblems(err)
		return
	}
	x.cfg = cfg
	for _, p := range cfg.Warnings {
		x.found("config-warning", x.place(p), "change it, or leave it if it is meant so", "%s", keyed(p))
	}
}

// findConfiguration returns the path of the configuration on the machine, "" if
// there is none.
func (x *examination) findConfiguration() string {
	if x.Config != "" {
		return x.Config
	}
	for _, path := range config.UsualPlaces() {
		if _, err := x.host.stat(path); !errors.Is(err, fs.ErrNotExist) {
			return path
		}
	}
	return ""
}

func (x *examination) configurationProblems(err error) {
	var problems config.Errors
	if !errors.As(err, &problems) {
		problems = config.Errors{{File: x.host.real(x.path), Text: err.Error()}}
	}
	for _, p := range problems {
		remedy := "change it; goldapd --check says whether it is good"
		if errors.Is(p.Err, fs.ErrPermission) {
			remedy = "run goldapctl check as root"
		}
		x.found("config-invalid", x.place(p), remedy, "%s", keyed(p))
	}
}

// place is FILE:LINE of a problem.
func (x *examination) place(p config.Problem) string {
	return fileLine(x.host.shown(p.File), p.Line)
}

// keyed is the text of a problem without the place.
func keyed(p config.Problem) string {
	if p.Key == "" {
		return p.Text
	}
	return p.Key + ": " + p.Text
}
