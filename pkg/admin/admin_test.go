package admin

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/server"
)

const second = `{"name": "second", "uris": ["ldaps://second.example.com"], "base": "dc=second", "bind_dn": "cn=g,dc=second", "bind_password": "` + marker + `"}`

// TestDocument has the document valid, and each of its operations served.
func TestDocument(t *testing.T) {
	document, err := openapi3.NewLoader().LoadFromFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := document.Validate(t.Context(), openapi3.DisableExamplesValidation()); err != nil {
		t.Error(err)
	}
	s := newSite(t, ownFile)
	api := New(s.options())
	operations := 0
	for path, item := range document.Paths.Map() {
		for method := range item.Operations() {
			operations++
			request, err := http.NewRequest(method, strings.ReplaceAll(path, "{name}", "x"), nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, pattern := api.routes.Handler(request); pattern != method+" "+path {
				t.Errorf("%s %s is served as %q", method, path, pattern)
			}
		}
	}
	if operations < 15 {
		t.Errorf("only %d operations", operations)
	}
	s.ask(200, "GET", "/v1/openapi.json", "")
}

func TestDirectories(t *testing.T) {
	s := newSite(t, ownFile)
	list := into[[]Item](t, s.ask(200, "GET", "/v1/directories", ""))
	if len(list) != 1 || list[0].Name != "main" || list[0].Source != SourceFile || len(list[0].Secrets) != 1 || list[0].Settings["base"] != "dc=example,dc=com" {
		t.Fatalf("got %+v", list)
	}
	added := s.ask(201, "POST", "/v1/directories?position=1", second)
	if got := added.header.Get("Location"); got != "/v1/directories/second" {
		t.Errorf("Location %q", got)
	}
	if got := s.inForce.Directories; len(got) != 2 || got[0].Name != "second" || string(got[0].BindPassword.Bytes()) != marker {
		t.Errorf("in force: %v", got)
	}
	if len(s.verified) != 1 || s.verified[0].Name != "second" {
		t.Errorf("tried: %v", s.verified)
	}
	one := s.ask(200, "GET", "/v1/directories/second", "")
	item := into[Item](t, one)
	if item.Source != SourceManaged || one.header.Get("ETag") != added.header.Get("ETag") {
		t.Errorf("got %+v, %v", item, one.header)
	}

	item.Settings["page_size"] = 7
	changed := into[Change](t, s.ask(200, "PUT", "/v1/directories/second", body(t, item.Settings), "If-Match", one.header.Get("ETag")))
	if changed.Settings["page_size"] != 7. || changed.Report == nil || string(s.inForce.Directories[0].BindPassword.Bytes()) != marker {
		t.Errorf("got %+v", changed)
	}

	list = into[[]Item](t, s.ask(200, "POST", "/v1/directories/second/move", `{"position": 2}`))
	if list[0].Name != "main" || list[1].Name != "second" {
		t.Errorf("got %+v", list)
	}
	s.ask(200, "POST", "/v1/directories/second/verify", "")
	s.ask(204, "DELETE", "/v1/directories/second", "")
	s.refused(404, "GET", "/v1/directories/second", "", `there is no directory "second"`)
	s.refused(404, "DELETE", "/v1/directories/second", "")
	s.refused(404, "PUT", "/v1/directories/second", `{"base": "dc=x"}`)
	s.refused(404, "POST", "/v1/directories/second/move", `{"position": 2}`)
	s.refused(404, "POST", "/v1/directories/second/verify", "")
	if own, err := os.ReadFile(s.path); err != nil || string(own) != ownFile {
		t.Error("the administrator's file was changed")
	}
}

// TestRoundTrip has what was read taken as it is, for the administrator's
// directory with its password, too.
func TestRoundTrip(t *testing.T) {
	s := newSite(t, ownFile)
	item := into[Item](t, s.ask(200, "GET", "/v1/directories/main", ""))
	again := into[Item](t, s.ask(200, "PUT", "/v1/directories/main", body(t, item.Settings)))
	if string(s.inForce.Directories[0].BindPassword.Bytes()) != marker || again.Source != SourceManaged {
		t.Errorf("got %+v", again)
	}
	if body(t, again.Settings) != body(t, item.Settings) {
		t.Errorf("from\n%v\nto\n%v", item.Settings, again.Settings)
	}
	if managed, err := os.ReadFile(config.ManagedPath(s.path)); err != nil || strings.Contains(string(managed), marker) {
		t.Errorf("the password is in two places now, %v", err)
	}
	role := into[Item](t, s.ask(200, "GET", "/v1/roles/staff", ""))
	s.ask(200, "PUT", "/v1/roles/staff", body(t, role.Settings))
	settings := into[Item](t, s.ask(200, "GET", "/v1/authentication-settings", ""))
	s.ask(200, "PUT", "/v1/authentication-settings", body(t, settings.Settings))
}

// TestReset goes back to the administrator's items, changed or removed.
func TestReset(t *testing.T) {
	s := newSite(t, ownFile)
	item := into[Item](t, s.ask(200, "GET", "/v1/directories/main", ""))
	item.Settings["page_size"] = 7
	s.ask(200, "PUT", "/v1/directories/main", body(t, item.Settings))
	back := into[Change](t, s.ask(200, "POST", "/v1/directories/main/reset", ""))
	if back.Source != SourceFile || back.Settings["page_size"] != 1000. || string(s.inForce.Directories[0].BindPassword.Bytes()) != marker {
		t.Errorf("got %+v", back)
	}
	s.ask(204, "DELETE", "/v1/roles/staff", "")
	if back := into[Change](t, s.ask(200, "POST", "/v1/roles/staff/reset", "")); back.Source != SourceFile || len(s.inForce.Roles) != 1 {
		t.Errorf("got %+v", back)
	}
	s.ask(201, "POST", "/v1/roles", `{"name": "ops", "directories": ["main"], "users": ["bob"]}`)
	s.refused(409, "POST", "/v1/roles/ops/reset", "", "is not in the administrator's file: remove it instead")
	s.refused(404, "POST", "/v1/roles/nobody/reset", "")
	s.ask(409, "POST", "/v1/directories/main/reset", "", "If-Match", `"another"`)
	s.usable = false
	s.refused(422, "POST", "/v1/directories/main/reset", "", "no server of directory")
	s.ask(200, "POST", "/v1/directories/main/reset?force=true", "")
}

func TestRoles(t *testing.T) {
	s := newSite(t, ownFile)
	s.ask(201, "POST", "/v1/roles", `{"name": "ops", "directories": ["main"], "roles": ["staff"], "gid": 4000}`)
	if got := s.inForce.Roles; len(got) != 2 || got[1].GID != 4000 {
		t.Errorf("in force: %+v", got)
	}
	if list := into[[]Item](t, s.ask(200, "GET", "/v1/roles", "")); len(list) != 2 || list[1].Source != SourceManaged {
		t.Errorf("got %+v", list)
	}
	s.ask(200, "PUT", "/v1/roles/ops", `{"directories": ["main"], "users": ["bob"]}`)
}

// TestRoleInUse has a role that another needs kept.
func TestRoleInUse(t *testing.T) {
	s := newSite(t, ownFile)
	s.ask(201, "POST", "/v1/roles", `{"name": "ops", "directories": ["main"], "roles": ["staff"]}`)
	s.refused(422, "DELETE", "/v1/roles/staff", "", `"staff" is not the name of a role`)
	s.ask(204, "DELETE", "/v1/roles/ops", "")
	s.ask(204, "DELETE", "/v1/roles/staff", "")
	if list := into[[]Item](t, s.ask(200, "GET", "/v1/roles", "")); len(list) != 0 {
		t.Errorf("got %+v", list)
	}
}

func TestSettings(t *testing.T) {
	s := newSite(t, ownFile)
	if got := into[Item](t, s.ask(200, "GET", "/v1/authentication-settings", "")); got.Source != SourceFile {
		t.Errorf("got %+v", got)
	}
	got := into[Item](t, s.ask(200, "PUT", "/v1/authentication-settings",
		`{"login": {"other_services": "admit", "timeout": "7s"}, "service": [{"names": ["sshd"], "admit": ["staff"]}]}`))
	if got.Source != SourceManaged || s.inForce.Login.OtherServices != "admit" || len(s.inForce.Services) != 1 {
		t.Errorf("got %+v, in force %+v", got, s.inForce.Login)
	}
	if got := into[Item](t, s.ask(200, "DELETE", "/v1/authentication-settings", "")); got.Source != SourceFile || len(s.inForce.Services) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestStatusFlushMetrics(t *testing.T) {
	s := newSite(t, ownFile)
	if got := into[server.Status](t, s.ask(200, "GET", "/v1/status", "")); got.Version != "text" || len(got.Directories) != 1 {
		t.Errorf("got %+v", got)
	}
	s.ask(204, "POST", "/v1/cache/flush", "")
	if s.flushed != 1 {
		t.Errorf("flushed %d times", s.flushed)
	}
	if got := s.ask(200, "GET", "/metrics", ""); string(got.body) != "goldap_up 1\n" {
		t.Errorf("got %s", got.body)
	}
}

// TestBadInput has each fault named, and nothing changed by it.
func TestBadInput(t *testing.T) {
	s := newSite(t, ownFile)
	for name, test := range map[string]struct {
		status             int
		method, path, body string
		want               string
	}{
		"not JSON":         {400, "PUT", "/v1/directories/main", `{"base": "` + marker + `}`, "ends too early"},
		"broken JSON":      {400, "PUT", "/v1/directories/main", `{"base" "x"}`, "wrong at byte 9"},
		"a list":           {400, "PUT", "/v1/directories/main", `[1]`, "it is of type array"},
		"null":             {400, "PUT", "/v1/directories/main", `null`, "it is null"},
		"more":             {400, "PUT", "/v1/directories/main", `{} {}`, "more behind"},
		"twice":            {400, "PUT", "/v1/directories/main", `{"uris": ["ldaps://a"], "base": "dc=x", "uris": ["ldaps://b"]}`, "the key \"uris\" twice"},
		"twice in a list":  {400, "PUT", "/v1/directories/main", `{"tls": {"mode": "off"}, "server": [{"tls": {"mode": "ldaps"}}, {"uri": "a", "tls": {"mode": "off", "m\u006fde": "ldaps"}}]}`, "the key \"mode\" twice"},
		"not UTF-8":        {400, "PUT", "/v1/directories/main", "{\"bind_password\": \"" + marker + "\xe9\"}", "not UTF-8"},
		"deep":             {400, "PUT", "/v1/directories/main", `{"x":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`, "wrong at byte"},
		"infinite":         {422, "PUT", "/v1/directories/main", `{"page_size": 1e999}`, "page_size: \"1e999\" must be a whole number"},
		"huge":             {422, "PUT", "/v1/directories/main", `{"page_size": ` + strings.Repeat("9", 1000) + `}`, "must be a whole number"},
		"no number":        {400, "PUT", "/v1/directories/main", `{"page_size": NaN}`, "wrong at byte"},
		"name of a folder": {422, "POST", "/v1/directories", `{"name": "..", "uris": ["ldaps://x"], "base": "dc=x"}`, "name: would not be"},
		"name with a line": {422, "POST", "/v1/directories", `{"name": "a\nb", "uris": ["ldaps://x"], "base": "dc=x"}`, "name: has a character"},
		"name with a NUL":  {422, "POST", "/v1/directories", `{"name": "a\u0000", "uris": ["ldaps://x"], "base": "dc=x"}`, "name: has a character"},
		"long name":        {422, "POST", "/v1/directories", `{"name": "` + strings.Repeat("x", 256) + `", "uris": ["ldaps://x"], "base": "dc=x"}`, "name: is longer than 255 bytes"},
		"password in URIs": {422, "PUT", "/v1/directories/main", `{"uris": ["ldap://u:` + marker + `@x", "ldap://u:` + marker + `@x"], "base": "dc=x", "sasl": {"mechanism": "EXTERNAL"}}`, "must not hold a user name or a password"},
		"too large":        {413, "PUT", "/v1/directories/main", `{"base": "` + strings.Repeat("x", maxBody) + `"}`, "larger than"},
		"unknown fields":   {422, "PUT", "/v1/directories/main", `{"uri": ["ldaps://x"], "bas": "dc=x", "uris": ["ldaps://x"], "base": "dc=x"}`, "uri: is not a key"},
		"nearest":          {422, "PUT", "/v1/directories/main", `{"scop": "sub"}`, "did you mean scope?"},
		"a secret unknown": {422, "PUT", "/v1/directories/main", `{"bind_passwort": "` + marker + `"}`, "did you mean bind_password?"},
		"wrong type":       {422, "PUT", "/v1/directories/main", `{"page_size": "many", "uris": "ldaps://x", "password_policy": 1}`, "page_size: \"many\" must be a whole number"},
		"not a number":     {422, "PUT", "/v1/directories/main", `{"page_size": 1.5}`, "must be a whole number"},
		"null value":       {422, "PUT", "/v1/directories/main", `{"base": null}`, "base: "},
		"no sense":         {422, "PUT", "/v1/directories/main", `{"uris": ["http://x"], "base": "x y", "scope": "all"}`, "scope: \"all\" is none of"},
		"missing":          {422, "PUT", "/v1/directories/main", `{"base": "dc=x"}`, "uris: is missing"},
		"clear text":       {422, "PUT", "/v1/directories/main", `{"uris": ["ldap://x"], "base": "dc=x", "tls": {"mode": "off"}}`, "tls.mode: \"off\" would send every password in clear"},
		"another name":     {422, "PUT", "/v1/directories/main", `{"name": "other"}`, "name: is not the name in the path"},
		"no name":          {422, "POST", "/v1/directories", `{"base": "dc=x"}`, "name: is missing"},
		"exists":           {409, "POST", "/v1/directories", `{"name": "main", "uris": ["ldaps://x"], "base": "dc=x"}`, "already"},
		"no dn":            {422, "PUT", "/v1/directories/main", `{"uris": ["ldaps://x"], "bases": [{"scope": "one"}]}`, "bases.dn: is missing"},
		"password file":    {422, "PUT", "/v1/directories/main", `{"uris": ["ldaps://x"], "base": "dc=x", "bind_dn": "cn=x", "bind_password_file": "/etc/shadow"}`, "must be the name of a file in"},
		"the last one":     {422, "DELETE", "/v1/directories/main", ``, "directory: is missing"},
		"cycle":            {422, "PUT", "/v1/roles/staff", `{"directories": ["main"], "roles": ["staff"]}`, "roles: include each other in a circle: staff -> staff"},
		"unknown role":     {422, "POST", "/v1/roles", `{"name": "x", "directories": ["main"], "roles": ["ghost"]}`, "\"ghost\" is not the name of a role"},
		"position of role": {422, "POST", "/v1/roles?position=1", `{"name": "x", "users": ["x"]}`, "position: must be"},
		"bad position":     {422, "POST", "/v1/directories?position=0", second, "position: must be"},
		"bad move":         {422, "POST", "/v1/directories/main/move", `{"position": -1}`, "position: must be"},
		"unknown in move":  {422, "POST", "/v1/directories/main/move", `{"place": 1}`, "place: is not a key"},
		"bad force":        {422, "PUT", "/v1/directories/main?force=perhaps", `{"uris": ["ldaps://x"], "base": "dc=x"}`, "force must be true or false"},
		"settings":         {422, "PUT", "/v1/authentication-settings", `{"login": {"timeout": "2h"}, "daemon": {}}`, "daemon: is not a key"},
		"settings' value":  {422, "PUT", "/v1/authentication-settings", `{"login": {"timeout": "2h"}}`, "login.timeout: \"2h0m0s\" is not between"},
		"no rule":          {422, "PUT", "/v1/authentication-settings", `{"service": [{"names": ["sshd"], "admit": ["staff"]}]}`, "login.other_services: is missing"},
		"no such path":     {404, "GET", "/v1/nonsense", ``, "there is no /v1/nonsense"},
		"no such method":   {404, "PATCH", "/v1/directories/main", ``, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s.t = t
			p := s.refused(test.status, test.method, test.path, test.body, test.want)
			if p.Status != test.status || p.Title == "" || p.Detail == "" {
				t.Errorf("got %+v", p)
			}
		})
	}
}

func TestMediaTypes(t *testing.T) {
	s := newSite(t, ownFile)
	s.ask(415, "PUT", "/v1/directories/main", `{}`, "Content-Type", "application/x-www-form-urlencoded")
	s.ask(406, "GET", "/v1/directories", "", "Accept", "text/html, application/xml;q=0.9")
	s.ask(406, "GET", "/v1/directories", "", "Accept", "application/json;q=0")
	s.ask(406, "GET", "/v1/directories", "", "Accept", "application/json;q=0.000")
	for _, accept := range []string{"", "*/*", "application/*", "text/html, application/json;q=0.5"} {
		s.ask(200, "GET", "/v1/directories", "", "Accept", accept)
	}
}

// TestForce has a directory that is of no use saved only if the caller insists.
func TestForce(t *testing.T) {
	s := newSite(t, ownFile)
	s.usable = false
	p := s.refused(422, "POST", "/v1/directories", second, "no server of directory \"second\" is of use", "force=true")
	if p.Report == nil || len(p.Report.Servers) != 1 {
		t.Errorf("the report is %+v", p.Report)
	}
	s.refused(422, "PUT", "/v1/directories/main", `{"uris": ["ldaps://x"], "base": "dc=x"}`, "no server")
	s.ask(201, "POST", "/v1/directories?force=true", second)
	s.ask(200, "PUT", "/v1/directories/second?force=1", second)
}

// TestOnlyRoot has everybody else refused, whatever they ask.
func TestOnlyRoot(t *testing.T) {
	s := newSite(t, ownFile)
	own := uint32(os.Geteuid())
	for _, caller := range []server.Credential{{PID: 9, UID: own + 1000}, {}} {
		s.caller.Store(&caller)
		for _, ask := range []struct{ method, path string }{
			{"GET", "/v1/directories"}, {"DELETE", "/v1/directories/main"}, {"POST", "/v1/cache/flush"}, {"GET", "/v1/status"}, {"GET", "/metrics"}, {"GET", "/x"}, {"PUT", "/v1/authentication-settings"},
		} {
			s.refused(403, ask.method, ask.path, "", "only root")
		}
	}
	for _, uid := range []uint32{0, own} {
		s.caller.Store(&server.Credential{PID: 9, UID: uid})
		s.ask(200, "GET", "/v1/directories", "")
	}
}

// TestTwoWriters has the second of two changes that were made of the same state
// refused.
func TestTwoWriters(t *testing.T) {
	s := newSite(t, ownFile)
	read := s.ask(200, "GET", "/v1/directories/main", "")
	tag, item := read.header.Get("ETag"), into[Item](t, read)
	var wait sync.WaitGroup
	var mutex sync.Mutex
	statuses := map[int]int{}
	for i := range 8 {
		settings := maps.Clone(item.Settings)
		settings["page_size"] = 100 + i
		text := body(t, settings)
		wait.Go(func() {
			request, err := http.NewRequest("PUT", "http://goldap/v1/directories/main", strings.NewReader(text))
			if err != nil {
				t.Error(err)
				return
			}
			request.Header.Set("Content-Type", "application/json")
			request.Header.Set("If-Match", tag)
			response, err := s.client.Do(request)
			if err != nil {
				t.Error(err)
				return
			}
			defer response.Body.Close()
			mutex.Lock()
			defer mutex.Unlock()
			statuses[response.StatusCode]++
		})
	}
	wait.Wait()
	if statuses[200] != 1 || statuses[409] != 7 {
		t.Errorf("statuses %v", statuses)
	}
}

// TestETags has a tag change with everything that a change could lose, a password
// among them, and with nothing else.
func TestETags(t *testing.T) {
	s := newSite(t, ownFile)
	tag := func(path string) string { return s.ask(200, "GET", path, "").header.Get("ETag") }
	main, staff := tag("/v1/directories/main"), tag("/v1/roles/staff")
	s.ask(201, "POST", "/v1/directories", second)
	before := tag("/v1/directories/second")
	s.ask(200, "PUT", "/v1/directories/second", strings.Replace(second, marker, "another", 1))
	if tag("/v1/directories/second") == before {
		t.Error("another password has the same tag")
	}
	if tag("/v1/directories/main") != main || tag("/v1/roles/staff") != staff {
		t.Error("a tag changed with something else")
	}
	s.ask(409, "DELETE", "/v1/directories/second", "", "If-Match", before)
	s.ask(409, "POST", "/v1/directories", strings.Replace(second, "second", "third", 1), "If-Match", "*")
	s.ask(204, "DELETE", "/v1/directories/second", "", "If-Match", before+", "+tag("/v1/directories/second"))
}

// TestBrokenFiles has nothing changed while somebody is editing.
func TestBrokenFiles(t *testing.T) {
	for _, broken := range []string{"goldap.toml", "managed/goldap.toml"} {
		t.Run(broken, func(t *testing.T) {
			s := newSite(t, ownFile)
			s.ask(201, "POST", "/v1/directories", second)
			path := filepath.Join(filepath.Dir(s.path), broken)
			if err := os.WriteFile(path, []byte("x =\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			p := s.refused(409, "DELETE", "/v1/directories/second", "", broken+":1: is not TOML")
			if len(p.Problems) != 1 || p.Problems[0].Line != 1 || p.Problems[0].File != path {
				t.Errorf("got %+v", p)
			}
			s.refused(409, "GET", "/v1/directories", "", "is not TOML")
		})
	}
}

// TestInstallFails has the old state stay where a configuration cannot be put in
// force.
func TestInstallFails(t *testing.T) {
	s := newSite(t, ownFile)
	s.installError = errors.New("no more memory")
	s.refused(500, "POST", "/v1/directories", second, "no more memory")
	s.installError = nil
	if err := os.RemoveAll(filepath.Dir(config.ManagedPath(s.path))); err != nil {
		t.Fatal(err)
	}
	s.refused(500, "POST", "/v1/directories", second, "nothing is changed, because there is no", "systemd-tmpfiles --create")
}

func TestJSONHasNoNulls(t *testing.T) {
	s := newSite(t, ownFile)
	var nulls func(path string, value any)
	nulls = func(path string, value any) {
		switch v := value.(type) {
		case nil:
			t.Errorf("%s is null", path)
		case map[string]any:
			for key, inner := range v {
				nulls(path+"."+key, inner)
			}
		case []any:
			for _, inner := range v {
				nulls(path+"[]", inner)
			}
		}
	}
	for _, path := range []string{"/v1/directories", "/v1/roles", "/v1/authentication-settings"} {
		var value any
		if err := json.Unmarshal(s.ask(200, "GET", path, "").body, &value); err != nil {
			t.Fatal(err)
		}
		nulls(path, value)
	}
}

// TestNames has things with names that need care in a path made, read and removed.
func TestNames(t *testing.T) {
	s := newSite(t, ownFile)
	for _, name := range []string{"a/b", "a//b", "//", "/a", "a/", "...", "a b", "100%", "%2e", "ou=x,dc=y", "?a=b#c", "münchen", "+", "\\", `"'`, strings.Repeat("x", 255)} {
		text := body(t, map[string]any{"name": name, "uris": []string{"ldaps://x"}, "base": "dc=x"})
		path := s.ask(201, "POST", "/v1/directories", text).header.Get("Location")
		if item := into[Item](t, s.ask(200, "GET", path, "")); item.Name != name {
			t.Errorf("%s is %q", path, item.Name)
		}
		s.ask(200, "PUT", path, text)
		s.ask(200, "POST", path+"/move", `{"position": 1}`)
		if s.inForce.Directories[0].Name != name {
			t.Errorf("%q is not the first", name)
		}
		s.ask(204, "DELETE", path, "")
	}
}
