package setup

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
)

var update = flag.Bool("update", false, "write the golden files anew")

// sites are directories and what is proposed for them (testdata/NAME.toml).
var sites = map[string]struct {
	site   Site
	survey directory.ServerSurvey
}{
	"openldap-names": {
		Site{URIs: []string{"ldap://ldap.mydomain.com"}, Base: "dc=mydomain,dc=com", BindDN: "cn=goldap,dc=mydomain,dc=com", SecretFile: "bind.secret", CAFile: "ca.pem"},
		directory.ServerSurvey{Root: directory.RootDSE{Vendor: directory.VendorOpenLDAP}, Entries: &directory.EntriesSurvey{MemberUID: true}},
	},
	"openldap-both": {
		Site{URIs: []string{"ldaps://a", "ldaps://b"}, Base: `ou=a\2c name,dc=x`, BindDN: "cn=b", SecretFile: "bind.secret"},
		directory.ServerSurvey{Root: directory.RootDSE{Vendor: directory.VendorOpenLDAP},
			Entries: &directory.EntriesSurvey{MemberUID: true, Member: true, Sample: directory.UserSample{MemberOf: true}}},
	},
	"389": {
		Site{URIs: []string{"ldap://ds"}, Base: "dc=x", BindDN: "cn=b", SecretFile: "bind.secret"},
		directory.ServerSurvey{Root: directory.RootDSE{Vendor: directory.Vendor389}, Entries: &directory.EntriesSurvey{Member: true}},
	},
	"unique": {
		Site{URIs: []string{"ldapi://%2Frun%2Fldapi"}, Base: "dc=x"},
		directory.ServerSurvey{Root: directory.RootDSE{Vendor: directory.VendorUnknown}, Entries: &directory.EntriesSurvey{UniqueMember: true}},
	},
	"ad": {
		Site{URIs: []string{"ldap://dc1"}, Base: "dc=ad", BindDN: "cn=b", SecretFile: "bind.secret", CAFile: "ca.pem"},
		directory.ServerSurvey{Root: directory.RootDSE{Vendor: directory.VendorActiveDirectory}, Entries: &directory.EntriesSurvey{Users: directory.Count{N: 1}}},
	},
	"ad-sids": {
		Site{URIs: []string{"ldap://dc1"}, Base: "dc=ad", BindDN: "cn=b", SecretFile: "bind.secret", CAFile: "ca.pem"},
		directory.ServerSurvey{Root: directory.RootDSE{Vendor: directory.VendorActiveDirectory},
			Entries: &directory.EntriesSurvey{SIDUsers: true, Sample: directory.UserSample{Domain: "S-1-5-21-1-2-3"}}},
	},
	"nothing seen": {Site{URIs: []string{"ldap://x"}, Base: "dc=x"}, directory.ServerSurvey{}},
}

// TestProposalsAreGood holds each against its golden file, and loads it as
// goldapd would.
func TestProposalsAreGood(t *testing.T) {
	for name, test := range sites {
		t.Run(name, func(t *testing.T) {
			got, err := Propose(test.site, test.survey)
			must(t, err)
			golden := filepath.Join("testdata", strings.ReplaceAll(name, " ", "-")+".toml")
			if *update {
				must(t, os.WriteFile(golden, got, 0o644))
			}
			want, err := os.ReadFile(golden)
			must(t, err)
			if string(got) != string(want) {
				t.Errorf("got:\n%s\nwant (run with -update if that is right):\n%s", got, want)
			}
			dir := t.TempDir()
			for file, text := range map[string]string{"goldap.toml": string(got), "bind.secret": "x", "ca.pem": ""} {
				must(t, os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600))
			}
			cfg, err := config.Load(filepath.Join(dir, "goldap.toml"))
			must(t, err)
			d := cfg.Directories[0]
			if len(cfg.Warnings) > 0 || d.Base != test.site.Base || len(d.URIs) != len(test.site.URIs) {
				t.Errorf("loaded: %+v, warnings %v", d, cfg.Warnings)
			}
			d.TLS.CAFile = ""
			if dir, err := directory.New(d, directory.Options{}); err != nil {
				t.Error(err)
			} else {
				_ = dir.Close()
			}
		})
	}
}

func TestObservations(t *testing.T) {
	good := directory.ServerSurvey{
		Root:    directory.RootDSE{Vendor: directory.VendorOpenLDAP, Controls: []string{"1.3.6.1.4.1.42.2.27.8.5.1"}},
		Entries: &directory.EntriesSurvey{Users: directory.Count{N: 10}, Groups: directory.Count{N: 2}, MemberUID: true, BaseTime: time.Millisecond},
	}
	for name, test := range map[string]struct {
		change func(*directory.ServerSurvey, *directory.EntriesSurvey)
		want   string // the warning, or a part
	}{
		"good":       {func(*directory.ServerSurvey, *directory.EntriesSurvey) {}, ""},
		"no policy":  {func(s *directory.ServerSurvey, _ *directory.EntriesSurvey) { s.Root.Controls = nil }, "password policy"},
		"nobody":     {func(_ *directory.ServerSurvey, e *directory.EntriesSurvey) { e.Users.N = 0 }, "users: 0"},
		"size limit": {func(_ *directory.ServerSurvey, e *directory.EntriesSurvey) { e.Users.Limited = true }, "size limit"},
		"passwords":  {func(_ *directory.ServerSurvey, e *directory.EntriesSurvey) { e.Sample.Password = true }, "userPassword"},
		"incomplete": {func(_ *directory.ServerSurvey, e *directory.EntriesSurvey) {
			e.Sample.Incomplete = []string{"uidNumber"}
		}, "uidNumber cannot be read"},
		"slow names":      {func(_ *directory.ServerSurvey, e *directory.EntriesSurvey) { e.UserTime = time.Second }, "uid looks unindexed"},
		"slow memberUids": {func(_ *directory.ServerSurvey, e *directory.EntriesSurvey) { e.MemberTime = time.Second }, "memberUid looks unindexed"},
	} {
		t.Run(name, func(t *testing.T) {
			s, e := good, *good.Entries
			s.Entries = &e
			test.change(&s, &e)
			var warnings []string
			for _, o := range Observe(s, time.Now()) {
				if o.Warn {
					warnings = append(warnings, o.Text)
				}
			}
			if got := strings.Join(warnings, "; "); len(warnings) != min(1, len(test.want)) || !strings.Contains(got, test.want) {
				t.Errorf("warned %q, want %q", got, test.want)
			}
		})
	}
}
