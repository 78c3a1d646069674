package admin

import (
	_ "embed"
	"encoding/json"
	"net/http"

	"github.com/goldap/goldap/pkg/config"
)

// settingsItem is what decides who may log in and who exists, but for the
// directories and the roles.
func (a *API) settingsItem(cfg *config.Config) Item {
	settings := config.Authentication{Accounts: cfg.Accounts, Login: cfg.Login, Services: cfg.Services}
	item := Item{Source: source(cfg.Managed.Authentication != nil), Settings: settingsOf(settings)}
	item.ETag = a.tag(item)
	return item
}

func (a *API) settingsTag(cfg *config.Config) string { return a.settingsItem(cfg).ETag }

func (a *API) settings(*http.Request) (*reply, error) {
	cfg, err := a.read()
	if err != nil {
		return nil, err
	}
	defer cfg.Wipe()
	item := a.settingsItem(cfg)
	return &reply{status: http.StatusOK, value: item, etag: item.ETag}, nil
}

// putSettings replaces all settings; what is not given gets its default.
func (a *API) putSettings(r *http.Request) (*reply, error) {
	table, err := readTable(r)
	if err != nil {
		return nil, err
	}
	settings := config.DefaultAuthentication()
	if err := decode(&settings, table); err != nil {
		return nil, err
	}
	return a.changeSettings(r, &settings)
}

// deleteSettings goes back to those of the administrator's file.
func (a *API) deleteSettings(r *http.Request) (*reply, error) { return a.changeSettings(r, nil) }

func (a *API) changeSettings(r *http.Request, settings *config.Authentication) (*reply, error) {
	cfg, err := change{api: a, kind: "authentication", match: a.settingsTag, edit: func(m *config.Managed, _ *config.Config) error {
		m.Authentication = settings
		return nil
	}}.make(r)
	if err != nil {
		return nil, err
	}
	item := a.settingsItem(cfg)
	return &reply{status: http.StatusOK, value: item, etag: item.ETag}, nil
}

func (a *API) status(*http.Request) (*reply, error) {
	return &reply{status: http.StatusOK, value: a.options.Status()}, nil
}

func (a *API) flush(*http.Request) (*reply, error) {
	a.options.Flush()
	return &reply{status: http.StatusNoContent}, nil
}

//go:embed openapi.json
var openAPI json.RawMessage

// document is the description of all this (OpenAPI 3.0).
func (a *API) document(*http.Request) (*reply, error) {
	return &reply{status: http.StatusOK, value: openAPI}, nil
}
