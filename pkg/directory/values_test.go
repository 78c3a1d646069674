package directory_test

import (
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

// configured returns a directory whose configuration was changed.
func configured(t *testing.T, server *scripted.Server, change func(*config.Directory)) *directory.Directory {
	t.Helper()
	cfg := plainConfig("ldap://one.example")
	change(&cfg)
	return newDirectory(t, cfg, directory.Options{Dial: server.Dial})
}

func TestExpressions(t *testing.T) {
	server := newServer(t)
	server.Add(scripted.Entry{DN: "uid=bob," + peopleDN, Attributes: map[string][]string{
		"objectClass": {"posixAccount"}, "uid": {"bob"}, "uidNumber": {"5001"}, "displayName": {"Bob: B", "second"}, "ou": {"it"},
		"userPassword": {"{CRYPT}$6$salt$hash"}, "days": {"19000"},
	}})
	d := configured(t, server, func(cfg *config.Directory) {
		cfg.Passwd.Expressions = map[string]string{
			"gidNumber": "${gidNumber:-100}", "gecos": "${gecos:-$displayName}", "homeDirectory": "/home/${ou:-none}/$uid",
			"LOGINSHELL": "${loginShell:-/bin/bash}", "userPassword": `${userPassword#{CRYPT\}}`,
		}
		cfg.Shadow = config.Map{ObjectClass: "posixAccount", Expressions: map[string]string{
			"shadowLastChange": "${days:--1}", "shadowMax": "90", "shadowFlag": "${shadowFlag:-7}",
		}}
	})
	want := account.Account{
		DN: "uid=bob," + peopleDN, Name: "bob", UID: 5001, GID: 100, Gecos: "Bob  B", Home: "/home/it/bob", Shell: "/bin/bash",
		Password: "$6$salt$hash", Shadowed: true,
	}
	got, err := d.AccountByName(within(t, time.Second), "bob")
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v, %s", err, cmp.Diff(want, got))
	}
	asked := server.Searches()[0].Attributes
	for _, attribute := range []string{"uid", "uidNumber", "gidNumber", "gecos", "displayName", "ou", "loginShell", "userPassword"} {
		if n := len(slices.DeleteFunc(slices.Clone(asked), func(a string) bool { return a != attribute })); n != 1 {
			t.Errorf("%s is asked for %d times in %v", attribute, n, asked)
		}
	}
	shadow, err := d.ShadowByName(within(t, time.Second), "bob")
	if want := (account.Shadow{Name: "bob", LastChange: 19000, Max: 90, Min: -1, Warn: -1, Inactive: -1, Expire: -1, Flag: 7}); err != nil || shadow != want {
		t.Errorf("%+v, %v", shadow, err)
	}
}

func TestExpressionsOverTheDN(t *testing.T) {
	server := newServer(t)
	d := configured(t, server, func(cfg *config.Directory) {
		cfg.Passwd.Expressions = map[string]string{"gecos": "$dn", "homeDirectory": "/srv/${DN:4:5}"}
	})
	got, err := d.AccountByName(within(t, time.Second), "alice")
	if err != nil || got.Gecos != aliceDN || got.Home != "/srv/alice" {
		t.Errorf("%+v, %v", got, err)
	}
	if asked := server.Searches()[0].Attributes; slices.ContainsFunc(asked, func(a string) bool { return strings.EqualFold(a, "dn") }) {
		t.Errorf("asked for %v", asked)
	}
}

// What an expression makes is checked like a value.
func TestExpressionsMakeNoHalfEntries(t *testing.T) {
	for schema, text := range map[string]string{
		"homeDirectory": "${nothing}", "gidNumber": "x$uidNumber", "loginShell": "/bin/sh:$uid",
	} {
		d := configured(t, newServer(t), func(cfg *config.Directory) { cfg.Passwd.Expressions = map[string]string{schema: text} })
		_, err := d.AccountByName(within(t, time.Second), "alice")
		wantError(t, err, directory.ErrBadEntry)
		if err == nil || !strings.Contains(err.Error(), schema) {
			t.Errorf("%s: %v", schema, err)
		}
	}
}

func TestMappingsAreChecked(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*config.Directory)
		want   string
	}{
		"expression for a name":   {func(c *config.Directory) { c.Passwd.Expressions = map[string]string{"uid": "$cn"} }, "expression for uid: cannot be"},
		"expression for a member": {func(c *config.Directory) { c.Group.Expressions = map[string]string{"memberUid": "$cn"} }, "expression for memberUid"},
		"expression for hosts":    {func(c *config.Directory) { c.Hosts.Expressions = map[string]string{"cn": "$cn"} }, "expression for cn"},
		"broken expression":       {func(c *config.Directory) { c.Passwd.Expressions = map[string]string{"gecos": "${cn"} }, "at byte 1"},
		"name in an expression":   {func(c *config.Directory) { c.Passwd.Expressions = map[string]string{"gecos": "$cn;"} }, "not an attribute name"},
		"no name":                 {func(c *config.Directory) { c.Passwd.Attributes = map[string]string{"uid": ""} }, "attribute uid: cannot be without"},
		"no number":               {func(c *config.Directory) { c.RPC.Attributes = map[string]string{"oncRpcNumber": ""} }, "attribute oncRpcNumber"},
		"not a SID":               {func(c *config.Directory) { c.Passwd.Attributes = map[string]string{"uidNumber": "objectSid:S-1-5"} }, "not the SID"},
		"SID for a name":          {func(c *config.Directory) { c.Passwd.Attributes = map[string]string{"uid": "objectSid:S-1-5-21-1"} }, "from a SID"},
		"filter as a name":        {func(c *config.Directory) { c.Passwd.Attributes = map[string]string{"uid": "a)(b"} }, "not an attribute name"},
	} {
		cfg := plainConfig("ldap://one.example")
		tt.change(&cfg)
		if _, err := directory.New(cfg, directory.Options{}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestUserPassword: hashes of crypt(5) only, and only where they are asked for.
func TestUserPassword(t *testing.T) {
	for name, tt := range map[string]struct {
		values     []string
		expression string
		want       string
	}{
		"crypt":                  {[]string{"{crypt}$6$a$b"}, "", "$6$a$b"},
		"upper case":             {[]string{"{CRYPT}$6$a$b"}, "", "$6$a$b"},
		"crypt$":                 {[]string{"Crypt$AAbbcc"}, "", "AAbbcc"},
		"locked":                 {[]string{"{crypt}!$6$a$b"}, "", "!$6$a$b"},
		"after others":           {[]string{"{SSHA}abc", "clear", "{crypt}x1"}, "", "x1"},
		"clear text":             {[]string{"secret"}, "", ""},
		"other hash":             {[]string{"{SSHA}YWJj"}, "", ""},
		"bare hash":              {[]string{"$6$a$b"}, "", ""},
		"empty hash":             {[]string{"{crypt}"}, "", ""},
		"colon":                  {[]string{"{crypt}a:0:0"}, "", ""},
		"newline":                {[]string{"{crypt}a\nb"}, "", ""},
		"NUL":                    {[]string{"{crypt}a\x00"}, "", ""},
		"not text":               {[]string{"{crypt}\xff\xfe"}, "", ""},
		"none":                   {nil, "", ""},
		"cut":                    {[]string{"{crypt}$1$a"}, `${userPassword#{crypt\}}`, "$1$a"},
		"cut from nothing":       {nil, `${userPassword#{crypt\}}`, ""},
		"cut from clear text":    {[]string{"secret"}, `${userPassword#{crypt\}}`, ""},
		"constant":               {[]string{"{crypt}x"}, "*", ""},
		"expression with scheme": {[]string{"{crypt}x2"}, "$userPassword", "x2"},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			server.Add(person("bob", map[string][]string{"userPassword": tt.values}))
			server.Add(group("staff", map[string][]string{"userPassword": tt.values}))
			mapped := func(mapped *config.Map) {
				if mapped.Expressions = map[string]string{"userPassword": tt.expression}; tt.expression == "" {
					mapped.Expressions, mapped.Attributes = nil, map[string]string{"userPassword": "userPassword"}
				}
			}
			d := configured(t, server, func(cfg *config.Directory) { mapped(&cfg.Passwd); mapped(&cfg.Group); mapped(&cfg.Shadow) })
			a, err1 := d.AccountByName(within(t, time.Second), "bob")
			g, err2 := d.GroupByName(within(t, time.Second), "staff")
			s, err3 := d.ShadowByName(within(t, time.Second), "bob")
			if err1 != nil || err2 != nil || err3 != nil || a.Password != tt.want || g.Password != tt.want || s.Password != tt.want {
				t.Errorf("%q %q %q, %v, %v, %v", a.Password, g.Password, s.Password, err1, err2, err3)
			}
		})
	}
	server := newServer(t)
	server.Add(person("bob", map[string][]string{"userPassword": {"{crypt}x"}}))
	got, err := piped(t, server).AccountByName(within(t, time.Second), "bob")
	if err != nil || got.Password != "" || slices.Contains(server.Searches()[0].Attributes, "userPassword") {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestOffsets(t *testing.T) {
	server := newServer(t)
	server.Add(group("staff", map[string][]string{"memberUid": {"alice"}}),
		person("large", map[string][]string{"uidNumber": {"4294967290"}}))
	d := configured(t, server, func(cfg *config.Directory) { cfg.UIDOffset, cfg.GIDOffset = 100_000, 200_000 })
	ctx := within(t, 5*time.Second)
	if got, err := d.AccountByName(ctx, "alice"); err != nil || got.UID != 110_001 || got.GID != 210_000 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := d.AccountByUID(ctx, 110_001); err != nil || got.Name != "alice" || got.UID != 110_001 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := d.GroupByGID(ctx, 220_001); err != nil || got.Name != "staff" || got.GID != 220_001 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := d.GroupsOfMember(ctx, "alice", ""); err != nil || len(got) != 1 || got[0].GID != 220_001 {
		t.Errorf("%+v, %v", got, err)
	}
	_, err := d.AccountByName(ctx, "large")
	wantError(t, err, directory.ErrBadEntry)
	before := len(server.Searches())
	_, err = d.AccountByUID(ctx, 10_001)
	wantError(t, err, directory.ErrNotFound)
	_, err = d.GroupByGID(ctx, 199_999)
	wantError(t, err, directory.ErrNotFound)
	if n := len(server.Searches()); n != before {
		t.Errorf("%d searches for ids below the offset", n-before)
	}
}

// bytesOf is a SID as it is in an attribute.
func bytesOf(t *testing.T, text string) string {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestIDsFromSIDs(t *testing.T) {
	const domain = "objectSid:S-1-5-21-1004336348-1177238915-682003330"
	sid := func(end string) string {
		return bytesOf(t, "0105 000000000005 15000000 dcf4dc3b 833d2b46 828ba628"+end)
	}
	builtin := bytesOf(t, "0102 000000000005 20000000 20020000") // S-1-5-32-544
	server := newServer(t)
	user := func(name, value string) scripted.Entry {
		return person(name, map[string][]string{"objectSid": {value}, "uidNumber": nil})
	}
	server.Add(user("bob", sid("51040000")), user("short", "\x01"), user("elsewhere", bytesOf(t, "0105 000000000005 15000000 01000000 02000000 03000000 52040000")),
		user("minusone", sid("ffffffff")), user("longer", sid("51040000 00000000")), person("nosid", nil),
		group("staff", map[string][]string{"objectSid": {sid("60040000")}}), group("admins", map[string][]string{"objectSid": {builtin}}),
		group("fake", map[string][]string{"objectSid": {sid("20020000")}}))
	d := configured(t, server, func(cfg *config.Directory) {
		cfg.Passwd.Attributes = map[string]string{"uidNumber": domain}
		cfg.Group.Attributes = map[string]string{"gidNumber": domain}
	})
	ctx := within(t, 5*time.Second)
	if got, err := d.AccountByName(ctx, "bob"); err != nil || got.UID != 0x451 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := d.AccountByUID(ctx, 0x451); err != nil || got.Name != "bob" {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := d.GroupByGID(ctx, 0x460); err != nil || got.Name != "staff" {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := d.GroupByGID(ctx, 544); err != nil || got.Name != "admins" {
		t.Errorf("%+v, %v", got, err)
	}
	for _, name := range []string{"short", "elsewhere", "minusone", "longer", "nosid"} {
		_, err := d.AccountByName(ctx, name)
		wantError(t, err, directory.ErrBadEntry)
	}
	_, err := d.GroupByName(ctx, "fake")
	wantError(t, err, directory.ErrBadEntry)
}

func TestTimesOfActiveDirectory(t *testing.T) {
	shadow := func(values map[string][]string) account.Shadow {
		t.Helper()
		server := newServer(t)
		maps.Copy(values, map[string][]string{"objectClass": {"user"}})
		server.Add(person("bob", values))
		d := configured(t, server, func(cfg *config.Directory) {
			cfg.Shadow = config.Map{ObjectClass: "user", Attributes: map[string]string{
				"shadowLastChange": "pwdlastset", "shadowExpire": "accountExpires", "shadowFlag": "userAccountControl",
			}}
		})
		got, err := d.ShadowByName(within(t, time.Second), "bob")
		if err != nil {
			t.Error(err)
		}
		return got
	}
	for name, tt := range map[string]struct {
		values map[string][]string
		want   account.Shadow
	}{
		"set": {map[string][]string{"pwdLastSet": {"133500000000000000"}, "accountExpires": {"133600000000000000"}, "shadowMax": {"90"}, "userAccountControl": {"512"}},
			account.Shadow{LastChange: 19739, Expire: 19855, Max: 90, Flag: 512}},
		"never expires": {map[string][]string{"pwdLastSet": {"133500000000000000"}, "shadowMax": {"90"}, "userAccountControl": {"66048"}},
			account.Shadow{LastChange: 19739, Expire: -1, Max: -1}},
		"must change":  {map[string][]string{"pwdLastSet": {"0"}, "accountExpires": {"0"}}, account.Shadow{LastChange: 0, Expire: -1, Max: -1}},
		"for ever":     {map[string][]string{"pwdLastSet": {"1"}, "accountExpires": {"9223372036854775807"}}, account.Shadow{LastChange: -1, Expire: -1, Max: -1}},
		"first day":    {map[string][]string{"pwdLastSet": {"116444736000000000"}}, account.Shadow{LastChange: 0, Expire: -1, Max: -1}},
		"day before":   {map[string][]string{"pwdLastSet": {"116444735999999999"}}, account.Shadow{LastChange: -1, Expire: -1, Max: -1}},
		"long expired": {map[string][]string{"pwdLastSet": {"1"}, "accountExpires": {"1"}}, account.Shadow{LastChange: -1, Expire: 0, Max: -1}},
		"not a number": {map[string][]string{"pwdLastSet": {"x"}, "accountExpires": {"99999999999999999999"}}, account.Shadow{LastChange: -1, Expire: -1, Max: -1}},
	} {
		tt.want.Name, tt.want.Min, tt.want.Warn, tt.want.Inactive = "bob", -1, -1, -1
		if got := shadow(tt.values); got != tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}

// Case is ignored where the configuration says so, and then for ASCII letters
// only; the answer has the directory's spelling.
func TestIgnoreCase(t *testing.T) {
	server := newMapServer(t)
	server.Add(person("Émile", nil), group("Staff", nil))
	cfg := plainConfig("ldap://one.example")
	d := newDirectory(t, cfg, directory.Options{Dial: server.Dial, IgnoreCase: true})
	ctx := within(t, 10*time.Second)
	if got, err := d.AccountByName(ctx, "ALICE"); err != nil || got.Name != "alice" {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := d.LoginAccount(ctx, "Alice"); err != nil || got.Name != "alice" {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := d.ShadowByName(ctx, "aLICE"); err != nil || got.Name != "alice" {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := d.GroupByName(ctx, "sTAFF"); err != nil || got.Name != "Staff" {
		t.Errorf("%+v, %v", got, err)
	}
	_, err := d.AccountByName(ctx, "émile")
	wantError(t, err, directory.ErrNotFound)
	for _, test := range []struct{ got, want string }{
		{mapAnswer(d.Netgroups(ctx, name("NG"))), "[{ng [{h u d} {  } {x - }] [sub]}] bad 0, <nil>"},
		{mapAnswer(d.Protocols(ctx, name("PALIAS"))), "[{prot [palias] 254}] bad 0, <nil>"},
		{mapAnswer(d.RPCs(ctx, name("RPCX"))), "[{rpcx [] 150001}] bad 0, <nil>"},
		{mapAnswer(d.Services(ctx, ofProtocol(name("SSVC"), "UDP"))), "[{ssvc [ssvcalias] 4242 udp}] bad 0, <nil>"},
	} {
		if test.got != test.want {
			t.Errorf("got  %s\nwant %s", test.got, test.want)
		}
	}
	other := person("Alice", nil)
	server.Add(other, scripted.Entry{DN: "uid=ALICE,ou=elsewhere," + baseDN, Attributes: other.Attributes})
	_, err = d.AccountByName(ctx, "alice")
	wantError(t, err, directory.ErrNotUnique)
}

func TestScopesAndGlobalBases(t *testing.T) {
	server := newServer(t)
	deep := person("deep", nil)
	deep.DN = "uid=deep,ou=x," + peopleDN
	staff := person("carol", nil)
	staff.DN = "uid=carol,ou=staff,dc=other"
	server.Add(deep, staff, scripted.Entry{DN: "dc=other"}, scripted.Entry{DN: peopleDN})
	for scope, want := range map[string]int{"children": 3, "one": 1, "sub": 2, "base": 0} {
		d := configured(t, server, func(cfg *config.Directory) { cfg.Scope, cfg.Base = scope, peopleDN })
		_, _ = d.AccountByName(within(t, time.Second), "deep")
		if all := server.Searches(); all[len(all)-1].Scope != want {
			t.Errorf("scope %s: %+v", scope, all[len(all)-1])
		}
	}
	d := configured(t, server, func(cfg *config.Directory) {
		cfg.Bases = []config.SearchBase{{DN: "dc=missing"}, {DN: "dc=other", Scope: "children"}}
	})
	for _, name := range []string{"carol", "alice"} {
		if got, err := d.AccountByName(within(t, time.Second), name); err != nil || got.Name != name {
			t.Errorf("%+v, %v", got, err)
		}
	}
}
