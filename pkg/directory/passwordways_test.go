package directory_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-crypt/crypt"
	"github.com/google/go-cmp/cmp"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

// The operations of a modify request (RFC 4511, section 4.6).
const (
	opAdd     = 0
	opDelete  = 1
	opReplace = 2
)

// written is a modification of one attribute.
func written(operation int64, attribute, value string) scripted.Change {
	return scripted.Change{Operation: operation, Attribute: attribute, Values: []string{value}}
}

// utf16Quoted is how Active Directory wants "password" for ASCII.
func utf16Quoted(password string) string {
	value := ""
	for _, c := range `"` + password + `"` {
		value += string(c) + "\x00"
	}
	return value
}

// allWays are the values of password_change, with what the change of a user and
// of the administrator are. A value that begins with a brace is the beginning of
// a hash.
var allWays = map[string]struct{ user, root []scripted.Change }{
	"exop":          {},
	"exop_send_old": {},
	"clear": {
		[]scripted.Change{written(opReplace, "userPassword", "new-password")},
		[]scripted.Change{written(opReplace, "userPassword", "new-password")},
	},
	"clear_remove_old": removing("userPassword", alicePass, "new-password"),
	"nds":              removing("userPassword", alicePass, "new-password"),
	"racf":             removing("userPassword", alicePass, "new-password"),
	"crypt":            hashing("{crypt}$6$"),
	"md5":              hashing("{crypt}$1$"),
	"sha":              hashing("{SHA}"),
	"ssha":             hashing("{SSHA}"),
	"ad":               removing("unicodePwd", utf16Quoted(alicePass), utf16Quoted("new-password")),
}

func removing(attribute, old, new string) struct{ user, root []scripted.Change } {
	return struct{ user, root []scripted.Change }{
		[]scripted.Change{written(opDelete, attribute, old), written(opAdd, attribute, new)},
		[]scripted.Change{written(opReplace, attribute, new)},
	}
}

func hashing(scheme string) struct{ user, root []scripted.Change } {
	changes := []scripted.Change{written(opReplace, "userPassword", scheme)}
	return struct{ user, root []scripted.Change }{changes, changes}
}

// changer is a server that takes every change, and a directory that changes
// passwords there in a way.
func changer(t *testing.T, way string, asRoot bool) (*scripted.Server, *directory.Directory, directory.PasswordChange) {
	server := newServer(t)
	server.Script(scripted.Script{Modify: answers(modifyResult(0)), Extended: answers(modified(0))})
	request := changeOfAlice
	if request.AsRoot = asRoot; asRoot {
		request.Old = secretOf("")
	}
	return server, configured(t, server, changingBy(way)), request
}

// changingBy configures a way, over TLS that only the configuration believes in
// where the way asks for that: ldapi stays on the machine.
func changingBy(way string) func(*config.Directory) {
	return func(cfg *config.Directory) {
		cfg.PasswordChange = way
		if way == "ad" {
			cfg.URIs = []string{"ldapi://%2Frun%2Fldapi"}
		}
	}
}

// modifyResult is modified for a modify request.
func modifyResult(code int64, controls ...scripted.Control) func(int64) []byte {
	return func(id int64) []byte {
		return scripted.Result(id, scripted.ModifyResponse, code, "text", controls...)
	}
}

// TestWaysToChange checks the request of every way.
func TestWaysToChange(t *testing.T) {
	for way, want := range allWays {
		for _, asRoot := range []bool{false, true} {
			t.Run(fmt.Sprint(way, " as root ", asRoot), func(t *testing.T) {
				server, d, request := changer(t, way, asRoot)
				bound, changed, err := d.ChangePassword(within(t, time.Second), request)
				if err != nil || bound.Code != 0 || changed.Code != 0 {
					t.Fatalf("%+v, %+v, %v", bound, changed, err)
				}
				changes := want.user
				if asRoot {
					changes = want.root
				}
				checkWritten(t, server, changes)
			})
		}
	}
}

func checkWritten(t *testing.T, server *scripted.Server, want []scripted.Change) {
	t.Helper()
	modifies := server.Modifies()
	if want == nil {
		if len(modifies) != 0 || len(server.ExtendedRequests()) != 1 {
			t.Errorf("modifies %+v", modifies)
		}
		return
	}
	if len(modifies) != 1 || modifies[0].DN != aliceDN || len(server.ExtendedRequests()) != 0 {
		t.Fatalf("modifies %+v", modifies)
	}
	got := modifies[0].Changes
	if scheme := want[len(want)-1].Values[0]; strings.HasPrefix(scheme, "{") {
		hash := &got[len(got)-1].Values[0]
		checkHash(t, *hash, scheme, "new-password")
		*hash = scheme
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// checkHash checks a hash of crypt(5) by the library's decoder, which is another
// way through it than the one that made the hash; the integration tests ask
// crypt(3) and slapd.
func checkHash(t *testing.T, hash, scheme, password string) {
	t.Helper()
	if !strings.HasPrefix(hash, scheme) {
		t.Fatalf("hash %q instead of one by %s", hash, scheme)
	}
	if text, isCrypt := strings.CutPrefix(hash, "{crypt}"); isCrypt {
		decoder, err := crypt.NewDecoderAll()
		if err != nil {
			t.Fatal(err)
		}
		digest, err := decoder.Decode(text)
		if err != nil || !digest.Match(password) || digest.Match(password+"x") {
			t.Errorf("%q: %v", hash, err)
		}
		return
	}
	want := map[string]int{"{SHA}": 20, "{SSHA}": 36}[scheme]
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(hash, scheme))
	if err != nil || len(raw) != want {
		t.Errorf("%q: %d bytes, %v", hash, len(raw), err)
	}
}

// TestHashesDiffer: each has a salt of its own.
func TestHashesDiffer(t *testing.T) {
	for _, way := range []string{"crypt", "md5", "ssha"} {
		server, d, request := changer(t, way, true)
		for range 2 {
			if _, _, err := d.ChangePassword(within(t, time.Second), request); err != nil {
				t.Fatal(err)
			}
		}
		modifies := server.Modifies()
		if len(modifies) != 2 || modifies[0].Changes[0].Values[0] == modifies[1].Changes[0].Values[0] {
			t.Errorf("%s: %+v", way, modifies)
		}
	}
}

// TestOldPasswordOnDemand: a policy that wants the old password gets it, in the
// same request as the new one.
func TestOldPasswordOnDemand(t *testing.T) {
	const mustSupplyOld = 4
	for way, test := range map[string]struct {
		again int64 // what the server says to the second request
		code  int
	}{"clear": {0, 0}, "ssha": {0, 0}, "crypt": {19, 19}, "md5": {16, 50}} {
		t.Run(way, func(t *testing.T) {
			server := newServer(t)
			server.Script(scripted.Script{Modify: func(c *scripted.Conn, r *scripted.Request) {
				if len(r.Changes) == 1 {
					c.Send(modifyResult(50, scripted.Policy(-1, -1, mustSupplyOld))(r.ID))
					return
				}
				c.Send(modifyResult(test.again)(r.ID))
			}})
			d := configured(t, server, changingBy(way))
			_, changed, err := d.ChangePassword(within(t, time.Second), changeOfAlice)
			if err != nil || changed.Code != test.code {
				t.Errorf("%+v, %v", changed, err)
			}
			modifies := server.Modifies()
			if len(modifies) != 2 || cmp.Diff(modifies[1].Changes[0], written(opDelete, "userPassword", alicePass)) != "" {
				t.Errorf("%+v", modifies)
			}
		})
	}
}

// TestUnicodePasswordNeedsTLS: allow_clear_text is no permission for it, and
// what is no UTF-8 cannot be written.
func TestUnicodePasswordNeedsTLS(t *testing.T) {
	server := newServer(t)
	server.Script(scripted.Script{Modify: answers(modifyResult(0))})
	d := configured(t, server, func(cfg *config.Directory) { cfg.PasswordChange = "ad" })
	_, changed, err := d.ChangePassword(within(t, time.Second), changeOfAlice)
	wantError(t, err, directory.ErrRefused)
	if changed.Code == 0 || err == nil || !strings.Contains(err.Error(), "over TLS only") || len(server.Modifies()) != 0 {
		t.Errorf("%+v, %v", changed, err)
	}
	_, d, request := changer(t, "ad", false)
	request.New = secretOf("\xff\xfe")
	_, changed, err = d.ChangePassword(within(t, time.Second), request)
	wantError(t, err, directory.ErrRefused)
	if changed.Code == 0 {
		t.Errorf("%+v", changed)
	}
}

// TestAnswersToEveryWay: what the server says to a change is the answer, and one
// that is lost is never success nor sent again, whatever the way and whoever
// changes the password.
func TestAnswersToEveryWay(t *testing.T) {
	for way, want := range allWays {
		for _, asRoot := range []bool{false, true} {
			for name, test := range changeAnswers(len(want.user) > 0) {
				t.Run(fmt.Sprint(way, " as root ", asRoot, " ", name), func(t *testing.T) {
					server := newServer(t)
					server.Script(test.script)
					d := configured(t, server, changingBy(way))
					request := changeOfAlice
					if request.AsRoot = asRoot; asRoot {
						request.Old = secretOf("")
					}
					bound, changed, err := d.ChangePassword(within(t, time.Second), request)
					if test.err != nil {
						wantError(t, err, test.err)
					} else if err != nil || bound.Code != 0 {
						t.Fatalf("%+v, %v", bound, err)
					}
					if changed.Code != test.code || changed.Policy.Error != test.policy || changed.Referral != test.referral {
						t.Errorf("%+v", changed)
					}
				})
			}
		}
	}
}

type changeAnswer struct {
	script   scripted.Script
	code     int
	policy   int
	referral string
	err      error
}

// changeAnswers are the ways in which a change can end, by a modify request or
// by an extended one.
func changeAnswers(modify bool) map[string]changeAnswer {
	op := scripted.ExtendedResponse
	if modify {
		op = scripted.ModifyResponse
	}
	script := func(f func(*scripted.Conn, *scripted.Request)) scripted.Script {
		return scripted.Script{Modify: f, Extended: f}
	}
	result := func(code int64, controls ...scripted.Control) scripted.Script {
		return script(answers(func(id int64) []byte { return scripted.Result(id, op, code, "text", controls...) }))
	}
	const none = directory.NoPolicyError
	all := map[string]changeAnswer{
		"accepted": {result(0), 0, none, "", nil},
		"busy":     {result(51), 51, none, "", nil},
		"referral": {
			script(answers(func(id int64) []byte { return scripted.Referral(id, op, "ldap://primary.example/") })),
			10, none, "ldap://primary.example/", nil,
		},
		"vanishes before": {scripted.Script{Bind: func(c *scripted.Conn, _ *scripted.Request) { c.Close() }}, -1, none, "", directory.ErrUnavailable},
		"vanishes after":  {script(func(c *scripted.Conn, _ *scripted.Request) { c.Close() }), -1, none, "", directory.ErrUnavailable},
	}
	for policy := int64(3); policy <= 8; policy++ {
		all[fmt.Sprint("policy error ", policy)] = changeAnswer{result(19, scripted.Policy(-1, -1, policy)), 19, int(policy), "", nil}
	}
	return all
}

// TestChangesGoToWriteServers: passwords, days and shells are changed at the
// servers of write_uris, after a bind there; lookups and logins are not.
func TestChangesGoToWriteServers(t *testing.T) {
	replica, primary := newServer(t), newServer(t)
	refuses := answers(func(id int64) []byte { return scripted.Referral(id, scripted.ModifyResponse, "ldap://primary.example") })
	replica.Script(scripted.Script{Modify: refuses, Extended: refuses})
	cfg := plainConfig("ldap://replica.example")
	cfg.WriteURIs = []string{"ldap://primary.example"}
	d := newDirectory(t, cfg, directory.Options{Dial: scripted.Dialer(map[string]*scripted.Server{
		"replica.example:389": replica, "primary.example:389": primary,
	})})
	ctx := within(t, 5*time.Second)
	if _, err := d.LoginAccount(ctx, "alice"); err != nil {
		t.Fatal(err)
	}
	if reply, err := d.BindAsUser(ctx, aliceDN, secretOf(alicePass)); err != nil || reply.Code != 0 {
		t.Fatal(reply, err)
	}
	if primary.Connections() != 0 {
		t.Error("a lookup or a login went to the server for changes")
	}
	if reply, err := d.BindAsRoot(ctx, secretOf("")); err != nil || reply.Code != 0 {
		t.Error(reply, err)
	}
	if _, changed, err := d.Modify(ctx, directory.Modification{DN: aliceDN, Password: secretOf(alicePass), Shell: "/bin/zsh"}); err != nil || changed.Code != 0 {
		t.Error(changed, err)
	}
	change := changeOfAlice
	change.LastChange = noted
	if _, changed, err := d.ChangePassword(ctx, change); err != nil || changed.Code != 0 {
		t.Error(changed, err)
	}
	if len(primary.Modifies()) != 2 || len(primary.ExtendedRequests()) != 1 || len(replica.Modifies())+len(replica.ExtendedRequests()) != 0 {
		t.Errorf("primary %+v, replica %+v", primary.Modifies(), replica.Modifies())
	}
	if status := d.Status(); len(status) != 2 || status[1].URI != "ldap://primary.example" {
		t.Errorf("status %+v", status)
	}
}

// TestWriteServersAreTheSameServers: one that is in uris, too, is not counted
// twice, and no other takes a change in its place.
func TestWriteServersAreTheSameServers(t *testing.T) {
	replica, primary := newServer(t), newServer(t)
	cfg := plainConfig("ldap://replica.example", "ldap://primary.example")
	cfg.WriteURIs = []string{"ldap://primary.example"}
	d := newDirectory(t, cfg, directory.Options{Dial: scripted.Dialer(map[string]*scripted.Server{
		"replica.example:389": replica, "primary.example:389": primary,
	})})
	if status := d.Status(); len(status) != 2 {
		t.Errorf("status %+v", status)
	}
	primary.Refuse(true)
	_, changed, err := d.ChangePassword(within(t, time.Second), changeOfAlice)
	wantError(t, err, directory.ErrUnavailable)
	if changed.Code == 0 || replica.Connections() != 0 {
		t.Errorf("%+v, %d connections to the replica", changed, replica.Connections())
	}
	primary.Refuse(false)
	if _, changed, err := d.ChangePassword(within(t, time.Second), changeOfAlice); err != nil || changed.Code != 0 {
		t.Error(changed, err)
	}
	if _, err := directory.New(configWith(cfg, func(c *config.Directory) { c.WriteURIs = []string{"http://x"} }), directory.Options{}); err == nil {
		t.Error("a server that is none is accepted")
	}
	if _, err := directory.New(configWith(cfg, func(c *config.Directory) { c.PasswordChange = "des" }), directory.Options{}); err == nil {
		t.Error("a way that there is not is accepted")
	}
}

func configWith(cfg config.Directory, change func(*config.Directory)) config.Directory {
	change(&cfg)
	return cfg
}

// TestWriteServersOfDNS are asked like others.
func TestWriteServersOfDNS(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		t.Cleanup(func() { time.Sleep(10 * time.Second) }) // as newNamed
		primary := newServer(t)
		dns := scripted.NewDNS()
		dns.Set("example.com", srv(0, 1, "ldap1.example.com", 389))
		cfg := plainConfig("ldap://replica.example")
		cfg.WriteURIs = []string{"DNS:example.com"}
		d := newDirectory(t, cfg, directory.Options{Resolver: dns.Resolver(), Dial: primary.Dial})
		if _, changed, err := d.ChangePassword(within(t, time.Second), changeOfAlice); err != nil || changed.Code != 0 {
			t.Error(changed, err)
		}
	})
}
