package admin

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
)

// collection is a list of things with names: the directories or the roles.
type collection struct {
	api *API
	// path is where it is, kind what one of it is called in goldap.toml.
	path, kind string
	// items are all of it.
	items func(*config.Config) []Item
	// set puts what was sent in the place of the one of that name, or adds it.
	set func(m *config.Managed, now *config.Config, name string, table map[string]any) error
	// remove removes the one of that name.
	remove func(m *config.Managed, name string)
	// reset goes back to the administrator's of that name, if there is one.
	reset func(m *config.Managed, name string) bool
	// placed puts the one of that name at a position; nil if there is no order.
	placed func(m *config.Managed, now *config.Config, name string, position int)
	// verify tries what was set, before it is saved; nil if there is nothing to try.
	verify func(r *http.Request, cfg *config.Config, name string) (*directory.Report, error)
}

// find returns the item of that name.
func (c *collection) find(cfg *config.Config, name string) (Item, error) {
	for _, item := range c.items(cfg) {
		if item.Name == name {
			return item, nil
		}
	}
	return Item{}, problem(http.StatusNotFound, "there is no %s %q", c.kind, name)
}

// etag returns the entity tag of the item of that name, "" if there is none.
func (c *collection) etag(name string) func(*config.Config) string {
	return func(cfg *config.Config) string {
		item, err := c.find(cfg, name)
		if err != nil {
			return ""
		}
		return item.ETag
	}
}

func (c *collection) list(*http.Request) (*reply, error) {
	cfg, err := c.api.read()
	if err != nil {
		return nil, err
	}
	defer cfg.Wipe()
	items := c.items(cfg)
	if items == nil {
		items = []Item{}
	}
	return &reply{status: http.StatusOK, value: items}, nil
}

func (c *collection) get(r *http.Request) (*reply, error) {
	cfg, err := c.api.read()
	if err != nil {
		return nil, err
	}
	defer cfg.Wipe()
	item, err := c.find(cfg, r.PathValue("name"))
	if err != nil {
		return nil, err
	}
	return &reply{status: http.StatusOK, value: item, etag: item.ETag}, nil
}

// put changes the item of that name.
func (c *collection) put(r *http.Request) (*reply, error) {
	table, err := readTable(r)
	if err != nil {
		return nil, err
	}
	name := r.PathValue("name")
	if given, found := table["name"]; found && given != name {
		p := problem(http.StatusUnprocessableEntity, "nothing is changed, because this is wrong:")
		p.Problems = []ParameterProblem{{Parameter: "name", Text: "is not the name in the path; to rename, add it under the new name and remove the old one"}}
		return nil, p
	}
	return c.save(r, name, http.StatusOK, func(m *config.Managed, now *config.Config) error {
		if _, err := c.find(now, name); err != nil {
			return err
		}
		return c.set(m, now, name, table)
	})
}

// post adds an item.
func (c *collection) post(r *http.Request) (*reply, error) {
	table, err := readTable(r)
	if err != nil {
		return nil, err
	}
	position, err := c.position(r.URL.Query().Get("position"))
	if err != nil {
		return nil, err
	}
	name, _ := table["name"].(string)
	if wrong := c.wrongName(name); wrong != "" {
		p := problem(http.StatusUnprocessableEntity, "nothing is changed, because this is wrong:")
		p.Problems = []ParameterProblem{{Parameter: "name", Text: wrong}}
		return nil, p
	}
	return c.save(r, name, http.StatusCreated, func(m *config.Managed, now *config.Config) error {
		if _, err := c.find(now, name); err == nil {
			return problem(http.StatusConflict, "there is a %s %q already: change it with PUT, or choose another name", c.kind, name)
		}
		err := c.set(m, now, name, table)
		if err == nil && position > 0 {
			c.placed(m, now, name, position)
		}
		return err
	})
}

// maxName is the longest name of something new, in bytes. It stands in paths, logs
// and figures.
const maxName = 255

// wrongName says what is wrong with a new name, "" if nothing is.
func (c *collection) wrongName(name string) string {
	switch {
	case name == "":
		return "is missing: give the " + c.kind + " a name"
	case len(name) > maxName:
		return "is longer than " + strconv.Itoa(maxName) + " bytes"
	case name == "." || name == ".." || name == "/":
		return "would not be what it is in a path"
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "has a character that cannot be shown"
	}
	return ""
}

// position reads the parameter of that name; 0 is none.
func (c *collection) position(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	position, err := strconv.Atoi(text)
	if err != nil || position < 1 || c.placed == nil {
		p := problem(http.StatusUnprocessableEntity, "nothing is changed, because this is wrong:")
		p.Problems = []ParameterProblem{{Parameter: "position", Text: "must be a number from 1 on, and is for directories only"}}
		return 0, p
	}
	return position, nil
}

// save makes a change of one item, and answers with the item.
func (c *collection) save(r *http.Request, name string, status int, edit func(*config.Managed, *config.Config) error) (*reply, error) {
	var report *directory.Report
	var look func(*config.Config) error
	if c.verify != nil {
		look = func(cfg *config.Config) (err error) {
			report, err = c.verify(r, cfg, name)
			return err
		}
	}
	cfg, err := change{api: c.api, kind: c.kind, match: c.etag(name), edit: edit, look: look}.make(r)
	if err != nil {
		return nil, err
	}
	item, err := c.find(cfg, name)
	if err != nil {
		return nil, err
	}
	answer := &reply{status: status, value: Change{Item: item, Report: report}, etag: item.ETag}
	if status == http.StatusCreated {
		answer.location = c.path + "/" + url.PathEscape(name)
	}
	return answer, nil
}

// undo goes back to the administrator's item of that name, changed or removed.
func (c *collection) undo(r *http.Request) (*reply, error) {
	name := r.PathValue("name")
	return c.save(r, name, http.StatusOK, func(m *config.Managed, now *config.Config) error {
		if c.reset(m, name) {
			return nil
		}
		if _, err := c.find(now, name); err != nil {
			return err
		}
		return problem(http.StatusConflict, "nothing is changed, because %s %q is not in the administrator's file: remove it instead", c.kind, name)
	})
}

func (c *collection) delete(r *http.Request) (*reply, error) {
	name := r.PathValue("name")
	_, err := change{api: c.api, kind: c.kind, match: c.etag(name), edit: func(m *config.Managed, now *config.Config) error {
		if _, err := c.find(now, name); err != nil {
			return err
		}
		c.remove(m, name)
		return nil
	}}.make(r)
	if err != nil {
		return nil, err
	}
	return &reply{status: http.StatusNoContent}, nil
}
