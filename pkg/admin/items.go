package admin

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/secret"
)

// directories is the list of directories, in the order in which they are asked.
func (a *API) directories() *collection {
	return &collection{
		api: a, path: "/v1/directories", kind: "directory",
		items: func(cfg *config.Config) []Item {
			var items []Item
			for i := range cfg.Directories {
				items = append(items, a.directoryItem(cfg, &cfg.Directories[i]))
			}
			return items
		},
		set: func(m *config.Managed, now *config.Config, name string, table map[string]any) error {
			dir := config.DefaultDirectory()
			if err := decode(&dir, table); err != nil {
				return err
			}
			dir.Name = name
			m.SetDirectory(dir, now)
			return nil
		},
		remove: (*config.Managed).RemoveDirectory,
		reset:  (*config.Managed).ResetDirectory,
		placed: func(m *config.Managed, now *config.Config, name string, position int) {
			m.MoveDirectory(name, position, now)
		},
		verify: a.verifyBeforeSaving,
	}
}

// roles is the list of roles.
func (a *API) roles() *collection {
	return &collection{
		api: a, path: "/v1/roles", kind: "role",
		items: func(cfg *config.Config) []Item {
			var items []Item
			for i := range cfg.Roles {
				item := Item{Name: cfg.Roles[i].Name, Source: source(cfg.Managed.HasRole(cfg.Roles[i].Name)), Settings: settingsOf(cfg.Roles[i])}
				item.ETag = a.tag(item)
				items = append(items, item)
			}
			return items
		},
		set: func(m *config.Managed, _ *config.Config, name string, table map[string]any) error {
			var role config.Role
			if err := decode(&role, table); err != nil {
				return err
			}
			role.Name = name
			m.SetRole(role)
			return nil
		},
		remove: (*config.Managed).RemoveRole,
		reset:  (*config.Managed).ResetRole,
	}
}

// decode reads what was sent.
func decode(dst any, table map[string]any) error {
	if err := config.Decode(dst, table); err != nil {
		p := problem(http.StatusUnprocessableEntity, "nothing is changed, because this is wrong:")
		p.Problems = parameters(err, "", "")
		return p
	}
	return nil
}

func settingsOf(part any) map[string]any { return config.Plain(part).(map[string]any) }

func source(managed bool) string {
	if managed {
		return SourceManaged
	}
	return SourceFile
}

func (a *API) directoryItem(cfg *config.Config, d *config.Directory) Item {
	item := Item{Name: d.Name, Source: source(cfg.Managed.HasDirectory(d.Name)), Settings: settingsOf(*d)}
	secrets := []secret.Secret{d.BindPassword, d.RootBindPassword}
	keys := []string{"bind_password", "root_bind_password"}
	for i, s := range d.Servers {
		secrets = append(secrets, s.BindPassword)
		keys = append(keys, "server["+strconv.Itoa(i)+"].bind_password")
	}
	for i, s := range secrets {
		if !s.IsEmpty() {
			item.Secrets = append(item.Secrets, keys[i])
		}
	}
	item.ETag = a.tag(item, secrets...)
	return item
}

// verifyBeforeSaving refuses a directory that no server of which is of any use,
// unless the caller insists.
func (a *API) verifyBeforeSaving(r *http.Request, cfg *config.Config, name string) (*directory.Report, error) {
	force, err := strconv.ParseBool(r.URL.Query().Get("force"))
	if err != nil && r.URL.Query().Has("force") {
		return nil, problem(http.StatusUnprocessableEntity, "force must be true or false")
	}
	if force {
		return nil, nil
	}
	report := a.verify(r, *find(cfg, name))
	if report.Usable() {
		return &report, nil
	}
	p := problem(http.StatusUnprocessableEntity, "nothing is changed, because no server of directory %q is of use; the report says why. Correct it, or save it all the same with force=true", name)
	p.Report = &report
	return nil, p
}

// find returns the directory of that name, nil if there is none.
func find(cfg *config.Config, name string) *config.Directory {
	i := slices.IndexFunc(cfg.Directories, func(d config.Directory) bool { return d.Name == name })
	if i < 0 {
		return nil
	}
	return &cfg.Directories[i]
}

// verifyDirectory tries every server of a directory.
func (a *API) verifyDirectory(r *http.Request) (*reply, error) {
	cfg, err := a.read()
	if err != nil {
		return nil, err
	}
	defer cfg.Wipe()
	name := r.PathValue("name")
	d := find(cfg, name)
	if d == nil {
		return nil, problem(http.StatusNotFound, "there is no directory %q", name)
	}
	return &reply{status: http.StatusOK, value: a.verify(r, *d)}, nil
}

// verify tries a directory, while the caller waits for it.
func (a *API) verify(r *http.Request, d config.Directory) directory.Report {
	ctx, cancel := context.WithTimeout(r.Context(), trialTimeout)
	defer cancel()
	return a.options.Verify(ctx, d)
}

// moveDirectory changes when a directory is asked.
func (a *API) moveDirectory(r *http.Request) (*reply, error) {
	table, err := readTable(r)
	if err != nil {
		return nil, err
	}
	var move struct {
		Position int `toml:"position"`
	}
	if err := decode(&move, table); err != nil {
		return nil, err
	}
	if move.Position < 1 {
		p := problem(http.StatusUnprocessableEntity, "nothing is changed, because this is wrong:")
		p.Problems = []ParameterProblem{{Parameter: "position", Text: "must be a number from 1 on"}}
		return nil, p
	}
	c, name := a.directories(), r.PathValue("name")
	cfg, err := change{api: a, kind: c.kind, match: c.etag(name), edit: func(m *config.Managed, now *config.Config) error {
		if _, err := c.find(now, name); err != nil {
			return err
		}
		m.MoveDirectory(name, move.Position, now)
		return nil
	}}.make(r)
	if err != nil {
		return nil, err
	}
	return &reply{status: http.StatusOK, value: c.items(cfg)}, nil
}
