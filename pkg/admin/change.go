package admin

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/secret"
)

// read returns the configuration as it is in the files.
func (a *API) read() (*config.Config, error) {
	m, err := config.LoadManaged(a.options.Path)
	if err != nil {
		return nil, onDisk(err)
	}
	cfg, contents, err := config.LoadWith(a.options.Path, m)
	clear(contents)
	if err != nil {
		return nil, onDisk(err)
	}
	return cfg, nil
}

// onDisk is the answer where the files as they are make no configuration:
// somebody has edited them since goldapd read them.
func onDisk(err error) *Problem {
	p := problem(http.StatusConflict, "the configuration files have problems, so nothing is changed: correct them first (goldapd --check)")
	p.Problems = parameters(err, "", "")
	return p
}

// How long a change waits for another one, and how long a directory is tried.
// What somebody waits for comes to an end, whatever a directory's own times are.
const (
	changeWait   = 30 * time.Second
	trialTimeout = time.Minute
)

// begin waits until nobody else makes a change. The caller ends it.
func (a *API) begin(ctx context.Context) (end func(), err error) {
	waiting, cancel := context.WithTimeout(ctx, changeWait)
	defer cancel()
	select {
	case a.changing <- struct{}{}:
		return func() { <-a.changing }, nil
	case <-waiting.Done():
		return nil, problem(http.StatusConflict, "nothing is changed, because another change is being made, which tries a directory: repeat it when that has come to its end")
	}
}

// change is one change.
type change struct {
	api *API
	// kind is what is changed, as goldap.toml calls it.
	kind string
	// match is the entity tag of what is to be changed.
	match func(*config.Config) string
	// edit changes the managed part.
	edit func(m *config.Managed, now *config.Config) error
	// look, which may be nil, may refuse the configuration that comes of it.
	look func(*config.Config) error
}

// make makes a change: it is saved and put in force. It returns the configuration
// that came of it.
func (c change) make(r *http.Request) (*config.Config, error) {
	end, err := c.api.begin(r.Context())
	if err != nil {
		return nil, err
	}
	defer end()
	found, err := config.ReadManaged(c.api.options.Path)
	if err != nil {
		return nil, onDisk(err)
	}
	defer clear(found)
	now, err := c.api.read()
	if err != nil {
		return nil, err
	}
	defer now.Wipe()
	if wanted := r.Header.Get("If-Match"); wanted != "" && !matches(wanted, c.match(now)) {
		return nil, problem(http.StatusConflict, "it was changed meanwhile (If-Match does not fit): read it again, and repeat the change")
	}
	if err := c.edit(now.Managed, now); err != nil {
		return nil, err
	}
	if err := c.try(now.Managed); err != nil {
		return nil, err
	}
	return c.install(r.Context(), now.Managed, found)
}

// try has look judge the configuration as it would be.
func (c change) try(m *config.Managed) error {
	if c.look == nil {
		return nil
	}
	cfg, contents, err := c.load(m)
	if err != nil {
		return err
	}
	defer cfg.Wipe()
	clear(contents)
	return c.look(cfg)
}

// load returns the configuration with a managed part, and the contents of its
// file.
func (c change) load(m *config.Managed) (*config.Config, []byte, error) {
	path := c.api.options.Path
	cfg, contents, err := config.LoadWith(path, m)
	if err != nil {
		p := problem(http.StatusUnprocessableEntity, "nothing is changed, because this is wrong:")
		p.Problems = parameters(err, config.ManagedPath(path), c.kind)
		return nil, nil, p
	}
	return cfg, contents, nil
}

// install saves a managed part and puts it in force, with the administrator's
// file as it is by now: a trial may have taken a while. found is what was in the
// managed file; if that has been edited meanwhile, nothing is changed, and neither
// if the caller has gone away, who would not learn of it.
func (c change) install(ctx context.Context, m *config.Managed, found []byte) (*config.Config, error) {
	var cfg *config.Config
	var contents []byte
	defer func() { clear(contents) }()
	err := c.api.options.Install(func() (_ *config.Config, err error) {
		again, err := config.ReadManaged(c.api.options.Path)
		defer clear(again)
		switch {
		case err != nil:
			return nil, onDisk(err)
		case !bytes.Equal(found, again):
			return nil, problem(http.StatusConflict, "nothing is changed, because somebody else has changed the managed file meanwhile: read it again, and repeat the change")
		case ctx.Err() != nil:
			return nil, problem(http.StatusConflict, "nothing is changed, because the caller went away")
		}
		cfg, contents, err = c.load(m)
		return cfg, err
	}, func() error { return c.api.save(contents) })
	if err != nil && cfg != nil {
		cfg.Wipe()
	}
	return cfg, err
}

// save writes the managed file.
func (a *API) save(contents []byte) error {
	err := config.SaveManaged(a.options.Path, contents)
	folder := filepath.Dir(config.ManagedPath(a.options.Path))
	_, noFolder := os.Stat(folder) // a file that is not there was taken away by another goldapd
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return problem(http.StatusInsufficientStorage, "nothing is changed, because there is no room in %s (%v): make some, and repeat the change", folder, err)
	case errors.Is(noFolder, fs.ErrNotExist):
		return problem(http.StatusInternalServerError, "nothing is changed, because there is no %s: make it for the user of goldapd (systemd-tmpfiles --create), and repeat the change", folder)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return problem(http.StatusInternalServerError, "nothing is changed, because goldapd may not write to %s (%v): it must belong to the user of goldapd, and the unit must have it in ReadWritePaths", folder, err)
	}
	return problem(http.StatusInternalServerError, "nothing is changed, because %s cannot be written: %v", folder, err)
}

// parameters are the problems of a configuration. Those in the file managed are
// about what was sent: they are named by the key within a table of the kind.
func parameters(err error, managed, kind string) []ParameterProblem {
	var problems config.Errors
	if !errors.As(err, &problems) {
		return []ParameterProblem{{Text: err.Error()}}
	}
	var list []ParameterProblem
	for _, p := range problems {
		one := ParameterProblem{Parameter: p.Key, File: p.File, Line: p.Line, Text: p.Text}
		if key, found := strings.CutPrefix(p.Key, kind+"."); p.File == "" || p.File == managed && found {
			one = ParameterProblem{Parameter: key, Text: p.Text}
		}
		list = append(list, one)
	}
	return list
}

func newTagKey() (key [32]byte) {
	_, _ = rand.Read(key[:]) // it never fails
	return key
}

// tag is the entity tag of a value with its secrets. It says nothing about them
// to whoever does not have the key.
func (a *API) tag(value any, secrets ...secret.Secret) string {
	mac := hmac.New(sha256.New, a.tagKey[:])
	if err := json.NewEncoder(mac).Encode(value); err != nil {
		return "" // no value of the model does that
	}
	for _, s := range secrets {
		_, _ = mac.Write([]byte{byte(s.Len() >> 8), byte(s.Len())})
		_, _ = mac.Write(s.Bytes())
	}
	return `"` + hex.EncodeToString(mac.Sum(nil)[:16]) + `"`
}

// matches reports whether an If-Match header (RFC 9110, section 13.1.1) admits
// the entity tag; an empty one is that of nothing.
func matches(header, tag string) bool {
	if strings.TrimSpace(header) == "*" {
		return tag != ""
	}
	for part := range strings.SplitSeq(header, ",") {
		if tag != "" && strings.TrimSpace(part) == tag {
			return true
		}
	}
	return false
}
