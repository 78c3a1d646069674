package embedded_test

import (
	"slices"
	"strings"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
	"github.com/goldap/goldap/pkg/embedded"
)

func TestFilters(t *testing.T) {
	o := options()
	o.Users[1].Attributes = map[string][]string{"description": {"Likes (round) brackets*"}, "uidNumber": {"05002"}}
	c := secured(t, start(t, o), pseudouser)
	for filter, want := range map[string]string{
		"(uid=bob)":                                 "bob",
		"(UID=BOB)":                                 "bob",
		"(uid=ALICE)":                               "Alice",
		"(uid=dave)":                                "",
		"(cn=alice liddell)":                        "Alice",
		"(uidNumber=5002)":                          "bob",
		"(uidNumber=005001)":                        "Alice",
		"(uidNumber=bob)":                           "",
		"(!(uidNumber=bob))":                        "",
		"(uidNumber>=5003)":                         "carol mute",
		"(uidNumber<=5001)":                         "Alice",
		"(uid>=5)":                                  "",
		"(&(objectClass=posixAccount)(uid=bob))":    "bob",
		"(&(objectClass=posixGroup)(uid=bob))":      "",
		"(|(uid=bob)(uid=carol)(uid=bob))":          "bob carol",
		"(|(uid=bob)(description=*))":               "bob",
		"(&(objectClass=posixAccount)(!(uid=bob)))": "Alice carol mute",
		"(&(objectClass=posixAccount)(|(uid=bob)(!(a=b))))": "Alice bob carol mute",
		"(&)":                               "Alice bob carol mute",
		"(|)":                               "",
		"(uid=b*)":                          "bob",
		"(uid=*O*)":                         "bob carol",
		"(uid=*b)":                          "bob",
		"(uid=b*b)":                         "bob",
		"(uid=bo*ob)":                       "",
		"(uid=c*r*l)":                       "carol",
		"(uid=c*l*r)":                       "",
		"(uidNumber=50*)":                   "",
		"(description=*)":                   "bob",
		"(description=*\\28round\\29*)":     "bob",
		"(description=*\\2a)":               "bob",
		"(loginShell=/bin/bash)":            "Alice bob carol mute",
		"(loginShell=/BIN/bash)":            "",
		"(uid~=BOB)":                        "bob",
		"(uid:caseExactMatch:=bob)":         "",
		"(&(uid=*)(uid:caseExactMatch:=b))": "",
	} {
		t.Run(filter, func(t *testing.T) {
			r, err := find(c, "ou=people,"+base, ldap.ScopeSingleLevel, filter, "uid")
			if err != nil {
				t.Fatal(err)
			}
			names := []string{}
			for _, e := range r.Entries {
				names = append(names, e.GetAttributeValue("uid"))
			}
			slices.Sort(names)
			if got := strings.Join(names, " "); got != want {
				t.Errorf("found %q, want %q", got, want)
			}
		})
	}
}

func TestMembership(t *testing.T) {
	c := secured(t, start(t, options()), pseudouser)
	alice := embedded.UserDN("Alice", base)
	for filter, want := range map[string][]string{
		"(memberUid=Alice)":                          {"cn=staff,ou=groups," + base},
		"(memberUid=alice)":                          {},
		"(member=" + alice + ")":                     {"cn=wheel,ou=groups," + base},
		"(|(memberUid=Alice)(member=" + alice + "))": {"cn=staff,ou=groups," + base, "cn=wheel,ou=groups," + base},
		"(member=not a DN)":                          {},
	} {
		r, err := find(c, base, ldap.ScopeWholeSubtree, "(&(objectClass=posixGroup)"+filter+")")
		if err != nil {
			t.Fatal(err)
		}
		if got := dns(r); !slices.Equal(got, want) {
			t.Errorf("%s: found %q, want %q", filter, got, want)
		}
	}
}

func TestScopes(t *testing.T) {
	c := secured(t, start(t, options()), pseudouser)
	for name, test := range map[string]struct {
		base  string
		scope int
		want  int
	}{
		"base":          {base, ldap.ScopeBaseObject, 1},
		"one":           {base, ldap.ScopeSingleLevel, 4}, // admin, people, groups, pseudousers
		"children":      {base, ldap.ScopeChildren, 11},
		"sub":           {base, ldap.ScopeWholeSubtree, 12},
		"sub of a leaf": {embedded.UserDN("bob", base), ldap.ScopeWholeSubtree, 1},
		"one of a leaf": {embedded.UserDN("bob", base), ldap.ScopeSingleLevel, 0},
		"spelling":      {"OU=People, DC=MyDomain, DC=com", ldap.ScopeSingleLevel, 4},
		"whole server":  {"", ldap.ScopeWholeSubtree, 12},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := find(c, test.base, test.scope, "(objectClass=*)")
			if err != nil || len(r.Entries) != test.want {
				t.Errorf("%v, %v; want %d entries", r, err, test.want)
			}
		})
	}
	_, err := find(c, "ou=nowhere,"+base, ldap.ScopeWholeSubtree, "(objectClass=*)")
	wantCode(t, "missing base", err, ldap.LDAPResultNoSuchObject)
	_, err = find(c, "nonsense", ldap.ScopeWholeSubtree, "(objectClass=*)")
	wantCode(t, "bad base", err, ldap.LDAPResultInvalidDNSyntax)
}

func TestAttributeSelection(t *testing.T) {
	o := options()
	o.Users[1].Attributes = map[string][]string{"loginshell": {}, "mail": {"bob@mydomain.com", "b@mydomain.com"}}
	c := secured(t, start(t, o), pseudouser)
	for name, test := range map[string]struct {
		asked []string
		want  string
	}{
		"named":         {[]string{"UIDNUMBER", "uid"}, "uid uidNumber"},
		"none":          {[]string{"1.1"}, ""},
		"several":       {[]string{"mail"}, "mail"},
		"all":           {nil, "objectClass cn gecos gidNumber homeDirectory mail sn uid uidNumber"},
		"all with star": {[]string{"*", "+"}, "objectClass cn gecos gidNumber homeDirectory mail sn uid uidNumber"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := find(c, base, ldap.ScopeWholeSubtree, "(uid=bob)", test.asked...)
			if err != nil || len(r.Entries) != 1 {
				t.Fatalf("%v, %v", r, err)
			}
			names := []string{}
			for _, a := range r.Entries[0].Attributes {
				names = append(names, a.Name)
			}
			if got := strings.Join(names, " "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if len(test.asked) == 1 && test.asked[0] == "mail" && len(r.Entries[0].GetAttributeValues("mail")) != 2 {
				t.Errorf("mail: %v", r.Entries[0].GetAttributeValues("mail"))
			}
		})
	}
}

func TestTypesOnly(t *testing.T) {
	c := secured(t, start(t, options()), pseudouser)
	r, err := c.Search(ldap.NewSearchRequest(base, ldap.ScopeWholeSubtree, 0, 0, 0, true, "(uid=bob)", []string{"uid"}, nil))
	if err != nil || len(r.Entries) != 1 || len(r.Entries[0].Attributes) != 1 || len(r.Entries[0].Attributes[0].Values) != 0 {
		t.Errorf("%v, %v", r, err)
	}
}

func TestSizeLimits(t *testing.T) {
	for name, test := range map[string]struct {
		server, client int
		code           uint16
		want           int
	}{
		"none":           {0, 0, 0, 4},
		"client":         {0, 2, ldap.LDAPResultSizeLimitExceeded, 2},
		"server":         {3, 0, ldap.LDAPResultSizeLimitExceeded, 3},
		"smaller server": {3, 10, ldap.LDAPResultSizeLimitExceeded, 3},
		"just enough":    {4, 4, 0, 4},
	} {
		t.Run(name, func(t *testing.T) {
			o := options()
			o.SizeLimit = test.server
			c := secured(t, start(t, o), pseudouser)
			r, err := c.Search(ldap.NewSearchRequest(base, ldap.ScopeWholeSubtree, 0, test.client, 0, false, "(objectClass=posixAccount)", nil, nil))
			wantCode(t, "search", err, test.code)
			if r == nil || len(r.Entries) != test.want {
				t.Errorf("%v, want %d entries", r, test.want)
			}
		})
	}
}

func TestPaging(t *testing.T) {
	c := secured(t, start(t, options()), pseudouser)
	for _, size := range []uint32{1, 3, 4, 100} {
		request := ldap.NewSearchRequest(base, ldap.ScopeWholeSubtree, 0, 0, 0, false, "(objectClass=posixAccount)", []string{"uid"}, nil)
		r, err := c.SearchWithPaging(request, size)
		if err != nil || len(r.Entries) != 4 {
			t.Errorf("pages of %d: %v, %v", size, r, err)
		}
	}
	request := ldap.NewSearchRequest(base, ldap.ScopeWholeSubtree, 0, 0, 0, false, "(objectClass=*)", nil,
		[]ldap.Control{ldap.NewControlString("1.2.840.113556.1.4.319", true, "nonsense")})
	_, err := c.Search(request)
	wantCode(t, "bad control", err, ldap.LDAPResultProtocolError)
}

func TestUnknownCriticalControl(t *testing.T) {
	c := secured(t, start(t, options()), pseudouser)
	for critical, code := range map[bool]uint16{true: ldap.LDAPResultUnavailableCriticalExtension, false: 0} {
		request := ldap.NewSearchRequest(base, ldap.ScopeBaseObject, 0, 0, 0, false, "(objectClass=*)", nil,
			[]ldap.Control{ldap.NewControlString("1.2.3.4", critical, "")})
		_, err := c.Search(request)
		wantCode(t, "search", err, code)
	}
}

func TestOtherOperationsAreRefused(t *testing.T) {
	c := secured(t, start(t, options()), admin)
	bob := embedded.UserDN("bob", base)
	modify := ldap.NewModifyRequest(bob, nil)
	modify.Replace("cn", []string{"Robert"})
	wantCode(t, "modify", c.Modify(modify), ldap.LDAPResultUnwillingToPerform)
	wantCode(t, "add", c.Add(ldap.NewAddRequest("cn=x,"+base, nil)), ldap.LDAPResultUnwillingToPerform)
	wantCode(t, "delete", c.Del(ldap.NewDelRequest(bob, nil)), ldap.LDAPResultUnwillingToPerform)
	wantCode(t, "rename", c.ModifyDN(ldap.NewModifyDNRequest(bob, "uid=rob", true, "")), ldap.LDAPResultUnwillingToPerform)
	_, err := c.Compare(bob, "uid", "bob")
	wantCode(t, "compare", err, ldap.LDAPResultUnwillingToPerform)
	_, err = c.Extended(ldap.NewExtendedRequest("1.2.3.4", nil))
	wantCode(t, "extended", err, ldap.LDAPResultProtocolError)
	who, err := c.WhoAmI(nil)
	if err != nil || who.AuthzID != "dn:"+admin {
		t.Errorf("who am I: %v, %v", who, err)
	}
}

// TestNamesThatNeedEscapes: the name of an entry may hold what separates
// names.
func TestNamesThatNeedEscapes(t *testing.T) {
	o := options()
	strange := `#a,b+c\d "e" <f>;=`
	o.Users = append(o.Users, user(strange, 6000, embedded.Policy{}))
	c := secured(t, start(t, o), pseudouser)
	r, err := find(c, base, ldap.ScopeWholeSubtree, "(uid="+ldap.EscapeFilter(strange)+")", "uid")
	if err != nil || len(r.Entries) != 1 || r.Entries[0].GetAttributeValue("uid") != strange {
		t.Fatalf("%v, %v", r, err)
	}
	wantCode(t, "bind", c.Bind(r.Entries[0].DN, password), 0)
	wantCode(t, "bind with hexadecimal", c.Bind(strings.ReplaceAll(r.Entries[0].DN, `\,`, `\2C`), password), 0)
}

// TestGarbageEndsTheConnection: with a notice of disconnection, and the
// directory lives on.
func TestGarbageEndsTheConnection(t *testing.T) {
	d := start(t, options())
	for name, bytes := range map[string][]byte{
		"not LDAP":        []byte("GET / HTTP/1.0\r\n\r\n"),
		"2 GiB":           {0x30, 0x84, 0x7f, 0xff, 0xff, 0xff},
		"indefinite":      {0x30, 0x80, 0x02},
		"length of 8":     {0x30, 0x88, 0, 0, 0, 0, 0, 0, 0, 1},
		"empty":           {0x30, 0x00},
		"no operation":    {0x30, 0x03, 0x02, 0x01, 0x01},
		"id not a number": {0x30, 0x06, 0x04, 0x01, 0x01, 0x42, 0x01, 0x00},
		"inner length":    {0x30, 0x05, 0x02, 0x01, 0x01, 0x60, 0x7f},
		"unknown op":      {0x30, 0x05, 0x02, 0x01, 0x01, 0x79, 0x00},
	} {
		t.Run(name, func(t *testing.T) {
			answer := talk(t, d, bytes)
			p, err := ber.DecodePacketErr(answer)
			if err != nil || len(p.Children) != 2 || p.Children[0].Value != int64(0) {
				t.Errorf("answer %x is no notice of disconnection (%v)", answer, err)
			}
		})
	}
	secured(t, d, pseudouser)
}
