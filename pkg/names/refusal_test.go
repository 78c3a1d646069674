package names_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/names"
)

// wantRefusals holds how often something was refused, by reason.
func (s *site) wantRefusals(t *testing.T, want map[names.Reason]uint64) {
	t.Helper()
	if diff := cmp.Diff(want, s.Refusals()); diff != "" {
		t.Errorf("refusals: %s", diff)
	}
}

// Each refusal counts: what the rules refuse when it comes from a directory,
// what is local whenever it is asked for. The log has each once an hour.
func TestRefusalsAreCounted(t *testing.T) {
	inTime(t, func(t *testing.T) {
		d := &fake{
			accounts: []account.Account{
				user("root2", 0, 5000), user("low", 999, 5000), user("dynamic", 61184, 5000), user("nobody2", 65534, 5000),
				user("zerogid", 5001, 0), user("servicegid", 5004, 65519), user("-rf", 5002, 5000),
				user("shared", 2001, 5000), user("private", 5003, 3001),
			},
			groups: []account.Group{group("staff", 6000, "alice", "-rf", "a:b", "0x10"), group("zero", 0), group("twin", 3001)},
		}
		s := newMemory(t, d)
		for range 3 { // from the directory once, then from memory
			for _, name := range []string{"root2", "low", "dynamic", "nobody2", "zerogid", "servicegid", "shared", "private"} {
				if a, err := s.PasswdByName(t.Context(), name); err == nil {
					t.Errorf("%s: %+v", name, a)
				}
			}
			if a, err := s.PasswdByUID(t.Context(), 5002); err == nil {
				t.Errorf("%+v", a)
			}
			for _, name := range []string{"zero", "twin"} {
				if g, err := s.GroupByName(t.Context(), name); err == nil {
					t.Errorf("%+v", g)
				}
			}
			if g, err := s.GroupByName(t.Context(), "staff"); err != nil || !cmp.Equal(g.Members, []string{"alice"}) {
				t.Errorf("%+v, %v", g, err)
			}
		}
		s.wantRefusals(t, map[names.Reason]uint64{names.BadID: 7, names.BadName: 1, names.BadMember: 3, names.Local: 3 * 3})
		lines := strings.Count(s.log.String(), "\n")
		if lines != 7+1+3+3 {
			t.Errorf("%d lines in the log:\n%s", lines, s.log)
		}
		time.Sleep(time.Hour)
		d.err = directory.ErrNotUnique
		for _, name := range []string{"root2", "shared"} {
			_, _ = s.PasswdByName(t.Context(), name)
		}
		d.err = nil
		_, _ = s.GroupByName(t.Context(), "zero")
		s.wantRefusals(t, map[names.Reason]uint64{
			names.BadID: 8, names.BadName: 1, names.BadMember: 3, names.Local: 9, names.Ambiguous: 2,
		})
		if now := strings.Count(s.log.String(), "\n") - lines; now != 2 {
			t.Errorf("%d more lines in the log an hour later:\n%s", now, s.log)
		}
	})
}

// A directory full of entries that are refused does not fill the log.
func TestLogOfRefusalsIsBounded(t *testing.T) {
	inTime(t, func(t *testing.T) {
		d := &fake{}
		for i := range uint32(3000) {
			d.accounts = append(d.accounts, user(fmt.Sprintf("user%d", i), i%1000, 5000))
		}
		s := newMemory(t, d)
		for range 3 {
			for range s.Passwds(t.Context()) {
			}
		}
		if lines := strings.Count(s.log.String(), "\n"); lines != 1025 {
			t.Errorf("%d lines in the log", lines)
		}
		s.wantRefusals(t, map[names.Reason]uint64{names.BadID: 9000, names.Unusable: 3})
	})
}

// What is local counts at once, although the answer is in memory, and no longer
// than it is there.
func TestLocalsWinOverMemory(t *testing.T) {
	inTime(t, func(t *testing.T) {
		d := &fake{
			accounts: []account.Account{user("alice", 5000, 5005), user("bob", 5001, 5000)},
			groups:   []account.Group{group("staff", 6000, "alice", "bob", "carol"), group("ops", 6001)},
		}
		s, ctx := newMemory(t, d), t.Context()
		seen := func() string {
			var b strings.Builder
			for _, name := range []string{"alice", "bob"} {
				a, _ := s.PasswdByName(ctx, name)
				m, _ := s.GroupsOfMember(ctx, name)
				h, _ := s.ShadowByName(ctx, name)
				fmt.Fprint(&b, a.Name, len(m), h.Name, " ")
			}
			u, _ := s.PasswdByUID(ctx, 5000)
			g, _ := s.GroupByGID(ctx, 6000)
			return b.String() + u.Name + g.Name + fmt.Sprint(g.Members)
		}
		all := "alice2alice bob2bob alicestaff[alice bob carol]"
		for i, step := range []struct{ passwd, group, want string }{
			{"", "", all},
			{"alice:x:1:1::/:\n", "", "0 bob2bob staff[bob carol]"},
			{"x:x:5000:1::/:\n", "", "0alice bob2bob staff[alice bob carol]"},
			{"", "x:x:5005:\n", "0alice bob2bob staff[alice bob carol]"},
			{"", "x:x:6000:\n", "alice1alice bob1bob alice[]"},
			{"", "staff:x:1:\n", "alice1alice bob1bob alice[]"},
			{"carol:x:1:1::/:\n", "", "alice2alice bob2bob alicestaff[alice bob]"},
			{"", "", all},
		} {
			write(t, s.passwd, "root:x:0:0::/:/bin/sh\n"+step.passwd)
			write(t, s.groups, "root:x:0:\n"+step.group)
			time.Sleep(100 * time.Millisecond) // for the gids of users
			if got := seen(); got != step.want {
				t.Errorf("step %d: %q, want %q", i, got, step.want)
			}
		}
		if asked := d.asked.Load(); asked != 5 {
			t.Errorf("the directory was asked %d times", asked)
		}
	})
}

func TestSettingsOfGroups(t *testing.T) {
	inTime(t, func(t *testing.T) {
		d := &fake{accounts: []account.Account{user("alice", 5000, 5000)}, groups: []account.Group{group("staff", 6000, "alice")}}
		s := newSiteWith(t, func(o *names.Options) { remember(o); o.NoMembers, o.NoGroupsFor = true, []string{"backup", "alice2"} }, d)
		if g, err := s.GroupByName(t.Context(), "staff"); err != nil || g.GID != 6000 || len(g.Members) > 0 {
			t.Errorf("%+v, %v", g, err)
		}
		for g, err := range s.Groups(t.Context()) {
			if err != nil || len(g.Members) > 0 {
				t.Errorf("%+v, %v", g, err)
			}
		}
		if m, err := s.GroupsOfMember(t.Context(), "alice"); err != nil || len(m) != 1 {
			t.Errorf("%+v, %v", m, err)
		}
		asked := d.asked.Load() + d.memberships.Load()
		if m, err := s.GroupsOfMember(t.Context(), "backup"); err != nil || len(m) != 0 || d.asked.Load()+d.memberships.Load() != asked {
			t.Errorf("%+v, %v; the directory was asked", m, err)
		}
	})
}

// hostile are texts that no name may be.
var hostile = []string{"", " ", "a b", "a\nb", "a\x00b", "a\tb", "-a", "#a", "a\xff", "\u202egpj", "a\u200b", "a\u2028b", "a\u0085b", "a ", "\ufeffa"}

// odd is a directory whose other maps are full of hostile names.
type odd struct {
	names.Directory
	text string
}

func each[V any](values ...V) iter.Seq2[V, error] {
	return func(yield func(V, error) bool) {
		for _, value := range values {
			if !yield(value, nil) {
				return
			}
		}
	}
}

func (o odd) Aliases(context.Context, account.Key) iter.Seq2[account.Alias, error] {
	return each(account.Alias{Name: o.text, Recipients: []string{"x"}}, account.Alias{Name: "good", Recipients: []string{o.text, "x"}})
}

func (o odd) Ethers(context.Context, account.Key) iter.Seq2[account.Ether, error] {
	return each(account.Ether{Host: o.text}, account.Ether{Host: "good"})
}

func (o odd) Hosts(context.Context, account.Key) iter.Seq2[account.Host, error] {
	return each(account.Host{Name: o.text}, account.Host{Name: "good", Aliases: []string{o.text, "x"}})
}

func (o odd) Networks(context.Context, account.Key) iter.Seq2[account.Network, error] {
	return each(account.Network{Name: o.text}, account.Network{Name: "good", Aliases: []string{o.text, "x"}})
}

func (o odd) Netgroups(context.Context, account.Key) iter.Seq2[account.Netgroup, error] {
	parts := []account.Triple{{Host: "h", User: o.text}, {Host: o.text, User: "u"}, {Domain: o.text}, {Host: "h", User: "u", Domain: "d"}}
	return each(account.Netgroup{Name: o.text}, account.Netgroup{Name: "good", Triples: parts, Groups: []string{o.text, "x"}})
}

func (o odd) Protocols(context.Context, account.Key) iter.Seq2[account.Protocol, error] {
	return each(account.Protocol{Name: o.text}, account.Protocol{Name: "good", Aliases: []string{o.text, "x"}})
}

func (o odd) RPCs(context.Context, account.Key) iter.Seq2[account.RPC, error] {
	return each(account.RPC{Name: o.text}, account.RPC{Name: "good", Aliases: []string{o.text, "x"}})
}

func (o odd) Services(context.Context, account.Key) iter.Seq2[account.Service, error] {
	return each(account.Service{Name: o.text, Protocol: "tcp"}, account.Service{Name: "bad", Protocol: o.text},
		account.Service{Name: "good", Aliases: []string{o.text, "x"}, Protocol: "tcp"})
}

// No hostile name leaves, as a name, an alias, or a part of a netgroup; what is
// good of the same entry does.
func TestHostileNamesInOtherMaps(t *testing.T) {
	for _, text := range hostile {
		n := newMemory(t, &fake{})
		n.ask(odd{text: text})
		for _, key := range []account.Key{{By: account.All}, {Name: "good"}, {Name: "good"}} {
			ctx := t.Context()
			wantOne(t, text, account.Alias{Name: "good", Recipients: lines(text)}, n.Aliases(ctx, key))
			wantOne(t, text, account.Ether{Host: "good"}, n.Ethers(ctx, key))
			wantOne(t, text, account.Host{Name: "good", Aliases: []string{"x"}}, n.Hosts(ctx, key))
			wantOne(t, text, account.Network{Name: "good", Aliases: []string{"x"}}, n.Networks(ctx, key))
			triples := []account.Triple{{Host: "h", User: "u", Domain: "d"}}
			if text == "" { // any
				triples = []account.Triple{{Host: "h"}, {User: "u"}, {}, {Host: "h", User: "u", Domain: "d"}}
			}
			wantOne(t, text, account.Netgroup{Name: "good", Triples: triples, Groups: []string{"x"}}, n.Netgroups(ctx, key))
			wantOne(t, text, account.Protocol{Name: "good", Aliases: []string{"x"}}, n.Protocols(ctx, key))
			wantOne(t, text, account.RPC{Name: "good", Aliases: []string{"x"}}, n.RPCs(ctx, key))
			wantOne(t, text, account.Service{Name: "good", Aliases: []string{"x"}, Protocol: "tcp"}, n.Services(ctx, key))
		}
	}
}

// lines are the recipients that remain: each is one line, which may be a command
// with blanks.
func lines(text string) []string {
	if account.IsLine(text) {
		return []string{text, "x"}
	}
	return []string{"x"}
}

// wantOne takes the entries that are named good, and refuses the others.
func wantOne[V any](t *testing.T, text string, want V, got iter.Seq2[V, error]) {
	t.Helper()
	count := 0
	for value, err := range got {
		if alias, ok := any(value).(account.Alias); ok && alias.Name == text && account.IsLine(text) {
			continue // names of aliases may have blanks
		}
		count++
		if diff := cmp.Diff(want, value); diff != "" || err != nil {
			t.Errorf("%q: %v %s", text, err, diff)
		}
	}
	if count != 1 {
		t.Errorf("%q: %d entries", text, count)
	}
}

// A local account added while the daemon runs is seen at the next lookup, also
// by those who are about to log in.
func TestLocalLogin(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s := newSite(t, time.Minute, &fake{accounts: []account.Account{user("alice", 5000, 5000)}})
		if _, _, err := s.LoginAccount(t.Context(), "alice", false); err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{"alice:x:1:1::/:\n", "x:x:5000:1::/:\n"} {
			write(t, s.passwd, "root:x:0:0::/:/bin/sh\n"+line)
			if a, _, err := s.LoginAccount(t.Context(), "alice", false); !errors.Is(err, directory.ErrBadEntry) && !errors.Is(err, directory.ErrNotFound) {
				t.Errorf("%+v, %v", a, err)
			}
		}
	})
}
