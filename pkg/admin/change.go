package admin

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"

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

// change makes one change: edit changes the managed part, look may refuse the
// configuration that comes of it. Then it is saved and put in force. It returns
// that configuration.
func (a *API) change(r *http.Request, match func(*config.Config) string, kind string, edit func(m *config.Managed, now *config.Config) error, look func(*config.Config) error) (*config.Config, error) {
	a.changing.Lock()
	defer a.changing.Unlock()
	now, err := a.read()
	if err != nil {
		return nil, err
	}
	defer now.Wipe()
	if wanted := r.Header.Get("If-Match"); wanted != "" && !matches(wanted, match(now)) {
		return nil, problem(http.StatusConflict, "it was changed meanwhile (If-Match does not fit): read it again, and repeat the change")
	}
	if err := edit(now.Managed, now); err != nil {
		return nil, err
	}
	cfg, contents, err := config.LoadWith(a.options.Path, now.Managed)
	if err != nil {
		p := problem(http.StatusUnprocessableEntity, "nothing is changed, because this is wrong:")
		p.Problems = parameters(err, config.ManagedPath(a.options.Path), kind)
		return nil, p
	}
	defer clear(contents)
	if look != nil {
		if err := look(cfg); err != nil {
			return nil, err
		}
	}
	err = a.options.Install(cfg, func() error { return a.save(contents) })
	if err != nil {
		return nil, err
	}
	return cfg, nil
}

// save writes the managed file.
func (a *API) save(contents []byte) error {
	err := config.SaveManaged(a.options.Path, contents)
	folder := filepath.Dir(config.ManagedPath(a.options.Path))
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return problem(http.StatusInsufficientStorage, "nothing is changed, because there is no room in %s (%v): make some, and repeat the change", folder, err)
	case errors.Is(err, fs.ErrNotExist):
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
