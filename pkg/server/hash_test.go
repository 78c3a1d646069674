package server_test

import (
	"bytes"
	"context"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/goldap/goldap/pkg/server"
)

const adasHash = "$6$salt$Pa.ss/hash"

// hashes has ada with a password in each map, and shadowed if that is set.
type hashes struct {
	*fake
	hash     string
	shadowed bool
}

func (h hashes) ada() account.Account {
	a := ada
	a.Password, a.Shadowed = h.hash, h.shadowed
	return a
}

func (h hashes) PasswdByName(context.Context, string) (account.Account, error) { return h.ada(), nil }

func (h hashes) Passwds(context.Context) iter.Seq2[account.Account, error] {
	return sequence(nil, h.ada())
}

func (h hashes) ShadowByName(context.Context, string) (account.Shadow, error) {
	return account.Shadow{Name: "ada", Password: h.hash}, nil
}

func (h hashes) Shadows(context.Context) iter.Seq2[account.Shadow, error] {
	return sequence(nil, account.Shadow{Name: "ada", Password: h.hash})
}

func (h hashes) GroupByName(context.Context, string) (account.Group, error) {
	return account.Group{Name: "ada", Password: h.hash, Members: []string{"ada"}}, nil
}

func (h hashes) GroupsOfMember(context.Context, string) ([]account.Group, error) {
	return []account.Group{{Name: "ada", Password: h.hash}}, nil
}

func (h hashes) Groups(context.Context) iter.Seq2[account.Group, error] {
	return sequence(nil, account.Group{Name: "ada", Password: h.hash})
}

// withHashes starts a server whose machine has the lines in nsswitch.conf.
func withHashes(t *testing.T, h hashes, nsswitch string) *world {
	t.Helper()
	path := filepath.Join(t.TempDir(), "nsswitch.conf")
	if err := os.WriteFile(path, []byte(nsswitch), 0o644); err != nil {
		t.Fatal(err)
	}
	return start(t, func(b *server.Backend, o *server.Options) {
		h.fake = b.Names.(*fake)
		b.Names, o.NSSwitch = h, path
	})
}

// shown asks for ada and returns the password field.
func (w *world) shown(t *testing.T, action nslcd.Action) string {
	t.Helper()
	var request bytes.Buffer
	if err := nslcd.WriteRequest(&request, nslcd.Request{Action: action, Name: "ada"}); err != nil {
		t.Fatal(err)
	}
	answer := nslcd.NewAnswerReader(bytes.NewReader(w.ask(t, request.Bytes())))
	if err := answer.Header(action); err != nil {
		t.Fatal(err)
	}
	if more, err := answer.Next(); err != nil || !more {
		t.Fatalf("%v: no entry, %v", action, err)
	}
	var password string
	var err error
	switch action >> 16 {
	case nslcd.ActionPasswdAll >> 16:
		_, password, err = answer.Passwd()
	case nslcd.ActionShadowAll >> 16:
		_, password, err = answer.Shadow()
	default:
		_, password, err = answer.Group()
	}
	if err != nil {
		t.Fatal(err)
	}
	return password
}

var actionsWithPassword = []nslcd.Action{
	nslcd.ActionPasswdByName, nslcd.ActionPasswdAll, nslcd.ActionShadowByName, nslcd.ActionShadowAll,
	nslcd.ActionGroupByName, nslcd.ActionGroupByMember, nslcd.ActionGroupAll,
}

func TestOnlyRootSeesHashes(t *testing.T) {
	w := withHashes(t, hashes{hash: adasHash}, "passwd: files ldap\n")
	for _, action := range actionsWithPassword {
		for uid, want := range map[uint32]string{0: adasHash, 1000: "*", 1<<32 - 1: "*"} {
			w.uid.Store(uid)
			if got := w.shown(t, action); got != want {
				t.Errorf("%v: uid %d sees %q", action, uid, got)
			}
		}
	}
	if strings.Contains(w.log.String(), "Pa.ss") {
		t.Errorf("the log shows the hash:\n%s", w.log)
	}
}

// An empty field would be an account without a password to pam_unix with
// nullok; a field with a colon would be two.
func TestUnusableHashes(t *testing.T) {
	for _, hash := range []string{"", "a:b", "a\nb", "a b", "\x7f"} {
		w := withHashes(t, hashes{hash: hash}, "")
		for _, action := range actionsWithPassword {
			if got := w.shown(t, action); got != "*" {
				t.Errorf("%v: root sees %q for %q", action, got, hash)
			}
		}
	}
}

func TestShadowedPasswords(t *testing.T) {
	for name, test := range map[string]struct {
		shadowed bool
		nsswitch string
		want     string // for root
	}{
		"shadow line":            {true, "passwd: files\nshadow: files ldap\n", "x"},
		"our own name":           {true, "shadow:\tfiles [NOTFOUND=continue] goldap # ldap\n", "x"},
		"shadow files only":      {true, "passwd: files ldap\nshadow: files\n", adasHash},
		"no shadow line":         {true, "passwd: files ldap\ngroup: files\n", "x"},
		"no line":                {true, "group: ldap\n", adasHash},
		"in a comment":           {true, "#shadow: ldap\npasswd: files # ldap\n", adasHash},
		"another service":        {true, "shadow: files ldapx xldap sss\n", adasHash},
		"the last line counts":   {true, "shadow: ldap\nshadow: files\n", adasHash},
		"not shadowed":           {false, "shadow: files ldap\n", adasHash},
		"no colon, empty, blank": {true, "shadow ldap\n\n  \nshadow : ldap\n", "x"},
	} {
		t.Run(name, func(t *testing.T) {
			w := withHashes(t, hashes{hash: adasHash, shadowed: test.shadowed}, test.nsswitch)
			for _, action := range []nslcd.Action{nslcd.ActionPasswdByName, nslcd.ActionPasswdAll} {
				if got := w.shown(t, action); got != test.want {
					t.Errorf("%v: root sees %q, want %q", action, got, test.want)
				}
			}
			if got := w.shown(t, nslcd.ActionShadowByName); got != adasHash {
				t.Errorf("shadow: root sees %q", got)
			}
			w.uid.Store(1000)
			want := "*"
			if test.want == "x" {
				want = "x"
			}
			if got := w.shown(t, nslcd.ActionPasswdByName); got != want {
				t.Errorf("uid 1000 sees %q, want %q", got, want)
			}
		})
	}
}

// From the directory to the caller: what the configuration maps userPassword to
// is seen by root, and what is no hash by nobody.
func TestHashesOfADirectory(t *testing.T) {
	const hash = "$6$salt$Pa.ss/hash"
	for name, test := range map[string]struct {
		mapped string
		value  string
		want   string // for root
	}{
		"not mapped":           {"", "{crypt}" + hash, "*"},
		"mapped":               {"labHash", "{CRYPT}" + hash, hash},
		"clear text":           {"labHash", "clear text", "*"},
		"clear text, one word": {"labHash", "clear", "*"},
		"another scheme":       {"labHash", "{SSHA}abcdef", "*"},
		"empty":                {"labHash", "{crypt}", "*"},
		"not there":            {"labMissing", "{crypt}" + hash, "*"},
	} {
		t.Run(name, func(t *testing.T) {
			for uid, want := range map[uint32]string{0: test.want, 1000: "*"} {
				l := newLab(attribute("labHash", test.value))
				l.uid = uid
				if test.mapped != "" {
					mapped := map[string]string{"userPassword": test.mapped}
					l.dir.Passwd.Attributes, l.dir.Shadow.Attributes = mapped, mapped
				}
				l.nsswitch = "/dev/null"
				l.serve(t)
				w := &world{path: l.socket}
				for _, action := range []nslcd.Action{nslcd.ActionPasswdAll, nslcd.ActionShadowAll} {
					if got := w.shown(t, action); got != want {
						t.Errorf("%v: uid %d sees %q, want %q", action, uid, got, want)
					}
				}
			}
		})
	}
}
