package directory_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

// rootDSE is what a server says about itself.
func rootDSE(attributes map[string][]string) scripted.Entry {
	all := map[string][]string{"objectClass": {"top"}, "namingContexts": {"cn=config", baseDN}}
	for name, values := range attributes {
		all[name] = values
	}
	return scripted.Entry{DN: "", Attributes: all}
}

// surveyed returns a server with a root DSE, the base and alice.
func surveyed(t testing.TB, attributes map[string][]string) *scripted.Server {
	t.Helper()
	server := newServer(t)
	server.Add(rootDSE(attributes), scripted.Entry{DN: baseDN, Attributes: map[string][]string{"objectClass": {"domain"}}})
	return server
}

// surveyOne surveys a configuration with one server.
func surveyOne(t testing.TB, cfg config.Directory, opts directory.SurveyOptions) directory.ServerSurvey {
	t.Helper()
	surveys, err := directory.Survey(within(t, 30*time.Second), cfg, opts)
	if err != nil || len(surveys) != 1 {
		t.Fatalf("%d surveys, %v", len(surveys), err)
	}
	return surveys[0]
}

func TestSurveyOfAGoodServer(t *testing.T) {
	server := surveyed(t, map[string][]string{
		"objectClass": {"top", "OpenLDAProotDSE"}, "supportedControl": {"1.3.6.1.4.1.42.2.27.8.5.1"},
		"supportedExtension": {"1.3.6.1.4.1.4203.1.11.1"}, "supportedSASLMechanisms": {"EXTERNAL"},
	})
	got := surveyOne(t, plainConfig("ldap://one.example"), directory.SurveyOptions{Options: directory.Options{Dial: server.Dial}})
	if got.Failed != "" || got.Err != nil || !got.BaseExists || got.Base != baseDN || got.Entries != nil {
		t.Errorf("survey %+v", got)
	}
	if r := got.Root; r.Vendor != directory.VendorOpenLDAP || !r.PasswordPolicy() || !r.PasswordModify() || !r.Time.IsZero() || !slices.Equal(r.Mechanisms, []string{"EXTERNAL"}) {
		t.Errorf("root DSE %+v", r)
	}
	if binds := server.Binds(); len(binds) != 1 || binds[0].DN != serviceDN {
		t.Errorf("binds %+v", binds)
	}
}

func TestSurveyTellsVendorsApart(t *testing.T) {
	for name, test := range map[string]struct {
		attributes map[string][]string
		vendor     directory.Vendor
		base       string
	}{
		"OpenLDAP":  {map[string][]string{"objectClass": {"top", "OpenLDAProotDSE"}}, directory.VendorOpenLDAP, baseDN},
		"389":       {map[string][]string{"vendorName": {"389 Project"}, "vendorVersion": {"389-Directory/2.3.1 B2023"}}, directory.Vendor389, baseDN},
		"389's own": {map[string][]string{"vendorName": {"Red Hat"}, "vendorVersion": {"389-Directory/1.3"}, "namingContexts": {"o=netscaperoot", "dc=a"}}, directory.Vendor389, "dc=a"},
		"Samba": {map[string][]string{
			"vendorName": {"Samba Team (https://www.samba.org)"}, "supportedCapabilities": {"1.2.840.113556.1.4.800"},
			"defaultNamingContext": {"dc=ad"}, "currentTime": {"20261127080000.0Z"},
		}, directory.VendorActiveDirectory, "dc=ad"},
		"nobody": {map[string][]string{"namingContexts": {"cn=config"}}, directory.VendorUnknown, ""},
	} {
		t.Run(name, func(t *testing.T) {
			server := surveyed(t, test.attributes)
			cfg := plainConfig("ldap://one.example")
			cfg.Base = ""
			got := surveyOne(t, cfg, directory.SurveyOptions{Options: directory.Options{Dial: server.Dial}})
			if got.Failed != "" || got.Root.Vendor != test.vendor || got.Base != test.base || got.BaseExists != (test.base == baseDN) {
				t.Errorf("survey %+v", got)
			}
			if got.Root.Time.IsZero() == (name == "Samba") {
				t.Errorf("the server's clock says %v", got.Root.Time)
			}
		})
	}
}

func TestSurveyOfTLS(t *testing.T) {
	ca, other := scripted.NewCA(t), scripted.NewCA(t)
	for name, test := range map[string]struct {
		serverTLS *tls.Config
		failed    directory.Stage
		want      any // what the error is, by errors.As
	}{
		"good":       {ca.Server(t, "127.0.0.1"), "", nil},
		"wrong name": {ca.Server(t, "other.example"), directory.StageTLS, new(x509.HostnameError)},
		"expired":    {ca.Expired(t, "127.0.0.1"), directory.StageTLS, new(x509.CertificateInvalidError)},
		"unknown CA": {other.Server(t, "127.0.0.1"), directory.StageTLS, new(x509.UnknownAuthorityError)},
	} {
		t.Run(name, func(t *testing.T) {
			for _, scheme := range []string{"ldap", "ldaps"} {
				server, cfg := secured(t, ca, scheme, test.serverTLS)
				server.Add(rootDSE(nil), scripted.Entry{DN: baseDN, Attributes: map[string][]string{"objectClass": {"domain"}}})
				got := surveyOne(t, cfg, directory.SurveyOptions{})
				if got.Failed != test.failed || (got.Err == nil) != (test.want == nil) || test.want != nil && !errors.As(got.Err, test.want) {
					t.Errorf("%s: failed at %q: %v", scheme, got.Failed, got.Err)
				}
				if len(got.Chain) == 0 || got.Chain[0].Subject.CommonName != "test server" {
					t.Errorf("%s: chain %v", scheme, got.Chain)
				}
				if got.Encrypted != (test.failed == "") {
					t.Errorf("%s: encrypted: %v", scheme, got.Encrypted)
				}
			}
		})
	}
}

func TestSurveyNamesTheStage(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*config.Directory, *scripted.Server)
		failed directory.Stage
		want   string
	}{
		"refuses connections": {func(_ *config.Directory, s *scripted.Server) { s.Refuse(true) }, directory.StageConnect, ""},
		"refuses StartTLS":    {func(c *config.Directory, _ *scripted.Server) { c.TLS = config.TLS{Mode: "start_tls"} }, directory.StageTLS, "StartTLS"},
		"wrong password": {func(c *config.Directory, _ *scripted.Server) { c.BindPassword = secretOf("no") },
			directory.StageBind, "result code 49"},
		"hangs up": {func(_ *config.Directory, s *scripted.Server) {
			s.Script(scripted.Script{Search: func(c *scripted.Conn, _ *scripted.Request) { c.Close() }})
		}, directory.StageRoot, ""},
	} {
		t.Run(name, func(t *testing.T) {
			server := surveyed(t, nil)
			cfg := plainConfig("ldap://one.example")
			test.change(&cfg, server)
			got := surveyOne(t, cfg, directory.SurveyOptions{Options: directory.Options{Dial: server.Dial}})
			if got.Failed != test.failed || got.Err == nil || !strings.Contains(got.Err.Error(), test.want) {
				t.Errorf("failed at %q: %v", got.Failed, got.Err)
			}
		})
	}
}

// TestSurveyAsksEveryServer is that one that is away keeps nobody from the
// others, and that their order stays.
func TestSurveyAsksEveryServer(t *testing.T) {
	good := surveyed(t, nil)
	cfg := plainConfig("ldap://away.example", "ldap://one.example")
	dial := scripted.Dialer(map[string]*scripted.Server{net.JoinHostPort("one.example", "389"): good})
	surveys, err := directory.Survey(within(t, 10*time.Second), cfg, directory.SurveyOptions{Options: directory.Options{Dial: dial}})
	if err != nil || len(surveys) != 2 || surveys[0].Failed != directory.StageConnect || surveys[1].Failed != "" {
		t.Errorf("surveys %+v, %v", surveys, err)
	}
	if _, err := directory.Survey(within(t, time.Second), config.Directory{}, directory.SurveyOptions{}); err == nil {
		t.Error("nothing to ask is no error")
	}
}

// population is a server with users and groups as a vendor has them.
func population(t testing.TB, users int, change func(i int) map[string][]string) *scripted.Server {
	t.Helper()
	server := surveyed(t, map[string][]string{"supportedControl": {"1.2.840.113556.1.4.319"}})
	for i := range users {
		server.Add(person(fmt.Sprintf("user%d", i), change(i)))
	}
	return server
}

func surveyEntries(t testing.TB, server *scripted.Server) directory.EntriesSurvey {
	t.Helper()
	got := surveyOne(t, plainConfig("ldap://one.example"), directory.SurveyOptions{
		Options: directory.Options{Dial: server.Dial}, Entries: true,
	})
	if got.Failed != "" || got.Entries == nil {
		t.Fatalf("survey %+v", got)
	}
	return *got.Entries
}

func TestSurveyOfEntries(t *testing.T) {
	server := population(t, 700, func(int) map[string][]string {
		return map[string][]string{"memberOf": {"cn=x," + baseDN}, "homeDirectory": nil}
	})
	server.Add(group("one", map[string][]string{"memberUid": {"user1"}}), group("two", map[string][]string{"member": {aliceDN}}))
	got := surveyEntries(t, server)
	if got.Users.N != 701 || got.Users.More || got.Groups.N != 2 {
		t.Errorf("users %+v, groups %+v", got.Users, got.Groups)
	}
	if !got.MemberUID || !got.Member || got.UniqueMember {
		t.Errorf("members %+v", got)
	}
	// alice has a userPassword that the scripted server shows, and a home
	// directory: what one user shows can be read.
	if s := got.Sample; !s.Password || !s.MemberOf || s.Domain != "" || len(s.Incomplete) != 0 || s.DN != aliceDN {
		t.Errorf("sample %+v", s)
	}
}

func TestSurveyMissesAttributes(t *testing.T) {
	server := surveyed(t, nil)
	server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		r.Attributes = slices.DeleteFunc(r.Attributes, func(name string) bool { return name == "uidNumber" || name == "userPassword" })
		c.DefaultSearch(r)
	}})
	if s := surveyEntries(t, server).Sample; s.Password || !slices.Equal(s.Incomplete, []string{"uidNumber"}) {
		t.Errorf("sample %+v", s)
	}
}

func TestSurveyStopsAtTheSizeLimit(t *testing.T) {
	server := surveyed(t, nil)
	server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		if strings.Contains(r.Filter.String(), "posixAccount") && len(r.Attributes) == 1 && r.SizeLimit != 1 {
			c.Send(scripted.EntryMessage(r.ID, scripted.Entry{DN: aliceDN}), scripted.Result(r.ID, scripted.SearchDone, 4, ""))
			return
		}
		c.DefaultSearch(r)
	}})
	if got := surveyEntries(t, server).Users; got.N != 1 || !got.More || !got.Limited {
		t.Errorf("users %+v", got)
	}
}

// TestSurveySeesMissingIndices is that slow searches are told from slow servers.
func TestSurveySeesMissingIndices(t *testing.T) {
	for name, test := range map[string]struct {
		base, search time.Duration
		want         bool
	}{
		"indexed":          {time.Millisecond, 2 * time.Millisecond, false},
		"far away":         {80 * time.Millisecond, 90 * time.Millisecond, false},
		"looks at all":     {time.Millisecond, 40 * time.Millisecond, true},
		"thousands":        {150 * time.Microsecond, 3 * time.Millisecond, true},
		"fast, but slower": {10 * time.Microsecond, 400 * time.Microsecond, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := surveyed(t, nil)
				server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
					if r.Scope == 0 {
						time.Sleep(test.base)
					} else {
						time.Sleep(test.search)
					}
					c.DefaultSearch(r)
				}})
				got := surveyEntries(t, server)
				if unindexed := got.Unindexed(got.UserTime); unindexed != test.want {
					t.Errorf("base %v, user %v: unindexed %v", got.BaseTime, got.UserTime, unindexed)
				}
				server.Close()
			})
		})
	}
}
