package server_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/login"
	"github.com/goldap/goldap/pkg/secret"
	"github.com/goldap/goldap/pkg/server"
	"github.com/goldap/goldap/test/scripted"
)

// A mutation replaces every message of one kind that the directory sends. The
// tests here have a login or a change of a password go wrong in every way that a
// message can, and look at the one thing that must never come of it.

// kind is what a message of the directory is: the answer to which request, and
// which message of that answer.
type kind struct {
	request, response int
	// about is the DN of a bind, the base of a search.
	about string
}

func (k kind) String() string {
	return fmt.Sprintf("answer %d to request %d about %q", k.response, k.request, k.about)
}

func kindOf(r *scripted.Request, message []byte) kind {
	k := kind{request: r.Op, response: operationOf(message), about: r.DN}
	if r.Op == scripted.SearchRequest {
		k.about = r.Base + " " + r.Filter.String()
	}
	return k
}

// operationOf returns the number of the operation of a message that is shorter
// than 64 KiB and has a short message id.
func operationOf(message []byte) int {
	at := 2
	if message[1]&0x80 != 0 {
		at += int(message[1] & 0x7f)
	}
	return int(message[at+2+int(message[at+1])] & 0x1f)
}

// mutation is one way in which a message goes wrong.
type mutation struct {
	name string
	kind kind
	send func(c *scripted.Conn, r *scripted.Request, message []byte)
	// succeeds: this is an answer with which the directory says yes.
	succeeds bool
}

// scene is something that people do, at a directory of one user.
type scene struct {
	name  string
	setUp func(*lab)
	// do reports what must not come of a mutation.
	do func(ctx context.Context, l server.Login) bool
	// fine: it does come of the scene as it is, so that bits in messages that
	// mean nothing may change without it.
	fine bool
}

func asksFor(password string) login.Request {
	return login.Request{User: labUser, Service: "sshd", Password: secret.FromString(password)}
}

func isProven(password string) func(context.Context, server.Login) bool {
	return func(ctx context.Context, l server.Login) bool {
		return l.Authenticate(ctx, asksFor(password)).Outcome == account.Success
	}
}

func isAdmitted(ctx context.Context, l server.Login) bool {
	return l.Authenticate(ctx, asksFor(labSecret)).Authorization == account.Success
}

func isAuthorized(ctx context.Context, l server.Login) bool {
	return l.Authorize(ctx, asksFor("")).Outcome == account.Success
}

func changes(old string) func(context.Context, server.Login) bool {
	return func(ctx context.Context, l server.Login) bool {
		return l.ChangePassword(ctx, login.ChangeRequest{Request: asksFor(old), New: secret.FromString("a new one")}).Outcome == account.Success
	}
}

func changedBy(way string) func(*lab) {
	return func(l *lab) { l.dir.PasswordChange = way }
}

func filtered(filter string) func(*lab) {
	return func(l *lab) { l.dir.LoginFilter = filter }
}

// admitting has sshd admit a role only.
func admitting(role config.Role) func(*lab) {
	role.Name = "ops"
	return func(l *lab) {
		l.cfg.Roles = []config.Role{role}
		l.cfg.Services = []config.Service{{Names: []string{"sshd"}, Admit: []string{"ops"}}}
	}
}

func scenes() []scene {
	byDN, byName := config.Role{GroupDNs: []string{"cn=ops,dc=lab"}}, config.Role{Groups: []string{"ops"}, GroupBase: "dc=lab"}
	return []scene{
		{name: "wrong password", do: isProven("wrong")},
		{name: "right password", do: isProven(labSecret), fine: true},
		{name: "not in the filter", setUp: filtered("(uid=somebody)"), do: isAdmitted},
		{name: "in the filter", setUp: filtered("(uid=" + labUser + ")"), do: isAdmitted, fine: true},
		{name: "key, not in the filter", setUp: filtered("(uid=somebody)"), do: isAuthorized},
		{name: "key, in the filter", setUp: filtered("(uid=" + labUser + ")"), do: isAuthorized, fine: true},
		{name: "in no group of the role", setUp: admitting(config.Role{GroupDNs: []string{"cn=others,dc=lab"}, Nested: true}), do: isAdmitted},
		{name: "in a group of the role", setUp: admitting(byDN), do: isAdmitted, fine: true},
		{name: "key, in a group of that name", setUp: admitting(byName), do: isAuthorized, fine: true},
		{name: "change with the wrong password", do: changes("wrong")},
		{name: "change", do: changes(labSecret), fine: true},
		{name: "change by a modify request", setUp: changedBy("clear"), do: changes(labSecret), fine: true},
		{name: "such a change with the wrong password", setUp: changedBy("clear"), do: changes("wrong")},
	}
}

// directoryOf returns a directory for a scene that hands every message to
// answer, and a function that does the scene once, anew.
func (s scene) directory(t *testing.T) (ldap *scripted.Server, do func() bool) {
	l := newLab(func(l *lab) {
		l.dir.BindDN, l.dir.BindPassword = labAdmin, secret.FromString("admin secret")
		l.dir.ConnectTimeout, l.dir.SearchTimeout = 100*time.Millisecond, 100*time.Millisecond
		if s.setUp != nil {
			s.setUp(l)
		}
	})
	ldap = scripted.New(t)
	ldap.Add(scripted.Entry{DN: labDN, Attributes: map[string][]string{
		"objectClass": {"posixAccount"}, "uid": {labUser}, "cn": {labUser}, "uidNumber": {"20001"}, "gidNumber": {"20000"},
		"homeDirectory": {"/home/lab"}, "userPassword": {labSecret},
	}}, labGroup("ops", labDN), labGroup("others", "cn=nobody,dc=lab"), scripted.Entry{DN: labAdmin, Attributes: map[string][]string{"userPassword": {"admin secret"}}})
	l.dir.URIs = []string{"ldap://" + ldap.Listen(t)}
	l.cfg.Directories = []config.Directory{l.dir}
	return ldap, func() bool {
		backend, err := server.NewBackend(&l.cfg, server.BackendOptions{Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Error(err)
			return false
		}
		defer backend.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		defer cancel()
		return s.do(ctx, backend.Login)
	}
}

func labGroup(name, member string) scripted.Entry {
	return scripted.Entry{DN: "cn=" + name + ",dc=lab", Attributes: map[string][]string{"objectClass": {"groupOfNames"}, "cn": {name}, "member": {member}}}
}

// record does the scene as it is, and returns a message of each kind.
func (s scene) record(t *testing.T) map[kind][]byte {
	t.Helper()
	ldap, do := s.directory(t)
	var mu sync.Mutex
	seen := map[kind][]byte{}
	ldap.Script(scripted.Script{Answer: func(c *scripted.Conn, r *scripted.Request, message []byte) {
		mu.Lock()
		seen[kindOf(r, message)] = message
		mu.Unlock()
		c.Write(message)
	}})
	if came := do(); came != s.fine {
		t.Fatalf("as it is: %v", came)
	}
	mu.Lock()
	defer mu.Unlock()
	return seen
}

// resultCodes are those of RFC 4511, those that drafts and vendors have in the
// range that it leaves to them, and what is none.
func resultCodes() []int64 {
	var codes []int64
	for code := int64(0); code <= 123; code++ {
		codes = append(codes, code)
	}
	return append(codes, -1, 128, 255, 256, 4096, 65536, 1<<31, 1<<32)
}

// mutations returns what can become of a message. Of one that stands for success
// as it is, those are left out that change it into one as good.
func mutations(k kind, message []byte, fine bool) []mutation {
	var all []mutation
	add := func(succeeds bool, send func(*scripted.Conn, *scripted.Request, []byte), name string, args ...any) {
		all = append(all, mutation{name: fmt.Sprintf(name, args...), kind: k, send: send, succeeds: succeeds})
	}
	add(false, func(*scripted.Conn, *scripted.Request, []byte) {}, "left out")
	for at := range message {
		add(false, func(c *scripted.Conn, _ *scripted.Request, m []byte) {
			c.Write(m[:min(at, len(m))])
			c.Close()
		}, "cut off at %d", at)
	}
	isResult := k.response != scripted.SearchEntry
	for _, code := range resultCodes() {
		if isResult {
			add(code == 0, func(c *scripted.Conn, r *scripted.Request, _ []byte) {
				c.Write(scripted.Result(r.ID, k.response, code, ""))
			}, "code %d", code)
		}
	}
	for _, op := range []int{scripted.BindResponse, scripted.SearchDone, scripted.ModifyResponse, scripted.ExtendedResponse, scripted.IntermediateResponse} {
		if op != k.response {
			add(false, func(c *scripted.Conn, r *scripted.Request, _ []byte) {
				c.Write(scripted.Result(r.ID, op, 0, ""))
			}, "success of operation %d", op)
		}
	}
	for _, id := range []int64{-1, 1, 1000} {
		if isResult {
			add(false, func(c *scripted.Conn, r *scripted.Request, _ []byte) {
				c.Write(scripted.Result(r.ID+id, k.response, 0, ""))
			}, "success for another message: %d", id)
		}
	}
	if fine {
		return all
	}
	for at := range message {
		for _, bit := range []byte{0x01, 0x10, 0x80} {
			add(false, func(c *scripted.Conn, _ *scripted.Request, m []byte) {
				m = slices.Clone(m)
				m[min(at, len(m)-1)] ^= bit
				c.Write(m)
			}, "bit %#x of byte %d", bit, at)
		}
	}
	add(false, func(c *scripted.Conn, _ *scripted.Request, m []byte) { c.Write(m); c.Write(m) }, "twice")
	return all
}

// TestNoMutationSucceeds: whatever the directory sends instead of any of its
// messages, nobody is let in, and no password counts as changed, but for the
// answer that says so.
func TestNoMutationSucceeds(t *testing.T) {
	for _, s := range scenes() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			var all []mutation
			for k, message := range s.record(t) {
				all = append(all, mutations(k, message, s.fine)...)
			}
			if len(all) < 500 {
				t.Fatalf("only %d mutations", len(all))
			}
			s.tryAll(t, all)
		})
	}
}

// tryAll tries the mutations, several at a time: some end by a time limit.
func (s scene) tryAll(t *testing.T, all []mutation) {
	work := make(chan mutation)
	var workers sync.WaitGroup
	for range 16 {
		workers.Go(func() {
			ldap, do := s.directory(t)
			for m := range work {
				ldap.Script(scripted.Script{Answer: func(c *scripted.Conn, r *scripted.Request, message []byte) {
					if kindOf(r, message) != m.kind {
						c.Write(message)
						return
					}
					m.send(c, r, message)
				}})
				if do() && !m.succeeds {
					t.Errorf("%v: %s: success", m.kind, m.name)
				}
			}
		})
	}
	for _, m := range all {
		work <- m
	}
	close(work)
	workers.Wait()
}
