package directory_test

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

// oddValues are what the attribute of an entry is replaced by, one after the
// other.
func oddValues(good []string) map[string][]string {
	return map[string][]string{
		"missing": nil, "no values": {}, "empty": {""}, "doubled": append(slices.Clone(good), good...),
		"another after it": append(slices.Clone(good), "9"), "another before it": append([]string{"9"}, good...),
		"blank": {" "}, "blank before": {" " + good[0]}, "text": {"x"}, "negative": {"-1"}, "hexadecimal": {"0x10"}, "fraction": {"1.5"},
		"over-long number": {strings.Repeat("9", 400)}, "over-long text": {strings.Repeat("x", 100_000)}, "over-long path": {"/" + strings.Repeat("x", 100_000)},
		"not text": {"\x00\xff\xfe\x80"}, "NUL": {good[0] + "\x00"}, "colon": {good[0] + ":0:0"}, "newline": {good[0] + "\nroot::0:0"},
		"minus one": {"4294967295"}, "2^32": {"4294967296"}, "zero": {"0"},
	}
}

// mutations calls visit with every entry that differs from e in one attribute.
func mutations(e scripted.Entry, visit func(what string, e scripted.Entry)) {
	visit("as it is", e)
	for attribute, good := range e.Attributes {
		if attribute == "objectClass" {
			continue
		}
		for what, values := range oddValues(good) {
			odd := scripted.Entry{DN: e.DN, Attributes: maps.Clone(e.Attributes)}
			if odd.Attributes[attribute] = values; values == nil {
				delete(odd.Attributes, attribute)
			}
			visit(attribute+" "+what, odd)
		}
	}
}

// texts calls visit with every string in a value but the DN.
func texts(v reflect.Value, visit func(string)) {
	switch v.Kind() {
	case reflect.String:
		visit(v.String())
	case reflect.Slice:
		for i := range v.Len() {
			texts(v.Index(i), visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Name != "DN" && v.Type().Field(i).IsExported() {
				texts(v.Field(i), visit)
			}
		}
	}
}

// checkTexts: nothing that would end a field or a line of a file leaves.
func checkTexts(t *testing.T, what string, value any, forbidden string) {
	t.Helper()
	texts(reflect.ValueOf(value), func(text string) {
		if strings.ContainsAny(text, forbidden) || strings.ContainsRune(text, 0) {
			t.Errorf("%s: %.100q leaves", what, text)
		}
	})
}

func badOrMissing(err error) bool {
	return errors.Is(err, directory.ErrBadEntry) || errors.Is(err, directory.ErrNotFound)
}

// only returns the one value of an attribute, if it is a number that is an id.
func onlyID(e scripted.Entry, attribute string) (uint32, bool) {
	values := e.Attributes[attribute]
	if len(values) != 1 {
		return 0, false
	}
	id, err := strconv.ParseUint(values[0], 10, 32)
	return uint32(id), err == nil && id < 1<<32-1
}

// TestEveryOddAccount: an account is complete or not at all.
func TestEveryOddAccount(t *testing.T) {
	good := person("bob", map[string][]string{"uidNumber": {"10002"}, "gecos": {"Bob"}, "userPassword": {"{crypt}$6$a$b"}, "shadowLastChange": {"19000"}, "shadowMax": {"90"}})
	mutations(good, func(what string, e scripted.Entry) {
		server := newServer(t)
		server.Add(e)
		d := configured(t, server, func(cfg *config.Directory) {
			cfg.Base = peopleDN
			hashes := map[string]string{"userPassword": "userPassword"}
			cfg.Passwd.Attributes, cfg.Shadow.Attributes = hashes, hashes
		})
		check := func(a account.Account, err error) {
			if err != nil {
				if !badOrMissing(err) || !reflect.DeepEqual(a, account.Account{}) {
					t.Errorf("%s: %+v, %v", what, a, err)
				}
				return
			}
			uid, ok1 := onlyID(e, "uidNumber")
			gid, ok2 := onlyID(e, "gidNumber")
			home := e.Attributes["homeDirectory"]
			if !ok1 || !ok2 || a.UID != uid || a.GID != gid || len(home) == 0 || a.Home != home[0] || a.Home[0] != '/' ||
				!slices.Contains(e.Attributes["uid"], a.Name) || !utf8.ValidString(a.Name) || a.DN != e.DN {
				t.Errorf("%s: %+v", what, a)
			}
			checkTexts(t, what, a, ":\n")
		}
		ctx := within(t, 5*time.Second)
		check(d.AccountByName(ctx, "bob"))
		check(d.LoginAccount(ctx, "bob"))
		check(d.AccountByUID(ctx, 10002))
		for a, err := range d.Accounts(ctx) {
			if a.Name != "alice" {
				check(a, err)
			}
		}
		s, err := d.ShadowByName(ctx, "bob")
		if err != nil && (!badOrMissing(err) || s != account.Shadow{}) || err == nil && (s.Name != "bob" || s.Max < -1 || s.LastChange < -1) {
			t.Errorf("%s: %+v, %v", what, s, err)
		}
		checkTexts(t, what, s, ":\n")
	})
}

// TestEveryOddGroup: the same for groups, whose members are names.
func TestEveryOddGroup(t *testing.T) {
	good := group("staff", map[string][]string{"memberUid": {"alice"}, "member": {aliceDN}, "uniqueMember": {userDN("bob")}, "userPassword": {"{crypt}x"}})
	mutations(good, func(what string, e scripted.Entry) {
		server := newServer(t)
		server.Add(e)
		d := configured(t, server, func(cfg *config.Directory) { cfg.NestedGroups = true })
		check := func(g account.Group, err error) {
			if err != nil {
				if !badOrMissing(err) || !reflect.DeepEqual(g, account.Group{}) {
					t.Errorf("%s: %+v, %v", what, g, err)
				}
				return
			}
			if gid, ok := onlyID(e, "gidNumber"); !ok || g.GID != gid || !slices.Contains(e.Attributes["cn"], g.Name) {
				t.Errorf("%s: %+v", what, g)
			}
			checkTexts(t, what, g, ":\n")
			for _, member := range g.Members {
				if member == "" || len(member) > 255 || !utf8.ValidString(member) {
					t.Errorf("%s: member %.100q", what, member)
				}
			}
		}
		ctx := within(t, 5*time.Second)
		check(d.GroupByName(ctx, "staff"))
		check(d.GroupByGID(ctx, 20001))
		for g, err := range d.Groups(ctx) {
			check(g, err)
		}
		groups, err := d.GroupsOfMember(ctx, "alice", aliceDN)
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		for _, g := range groups {
			check(g, nil)
		}
	})
}

// TestEveryOddEntryOfTheOtherMaps: what leaves is text in one line, and numbers
// are in their range.
func TestEveryOddEntryOfTheOtherMaps(t *testing.T) {
	for _, good := range []scripted.Entry{
		thing("nisMailAlias", "one", map[string][]string{"rfc822MailMember": {"a@b"}}),
		thing("ieee802Device", "one", map[string][]string{"macAddress": {"0:18:8a:54:1a:e"}}),
		thing("ipHost", "one", map[string][]string{"ipHostNumber": {"10.1.2.3"}}),
		thing("ipNetwork", "one", map[string][]string{"ipNetworkNumber": {"10.0.0.0"}}),
		thing("nisNetgroup", "one", map[string][]string{"nisNetgroupTriple": {"(a,b,c)"}, "memberNisNetgroup": {"two"}}),
		thing("ipProtocol", "one", map[string][]string{"ipProtocolNumber": {"6"}}),
		thing("oncRpc", "one", map[string][]string{"oncRpcNumber": {"100000"}}),
		thing("ipService", "one", map[string][]string{"ipServicePort": {"22"}, "ipServiceProtocol": {"tcp"}}),
	} {
		class := good.Attributes["objectClass"][0]
		mutations(good, func(what string, e scripted.Entry) {
			server := newServer(t)
			server.Add(e)
			d := piped(t, server)
			ctx := within(t, 5*time.Second)
			for _, key := range []account.Key{name("one"), everything, byNumber(6), byNumber(22), byNumber(0), byNumber(-1), byAddress("10.1.2.3"), byEther(account.EtherAddr{0, 0x18, 0x8a, 0x54, 0x1a, 0x0e})} {
				what := fmt.Sprintf("%s: %s, key %+v", class, what, key)
				checkOdd(t, what, d.Aliases(ctx, key), func(account.Alias) bool { return true })
				checkOdd(t, what, d.Ethers(ctx, key), func(account.Ether) bool { return true })
				checkOdd(t, what, d.Hosts(ctx, key), func(account.Host) bool { return true })
				checkOdd(t, what, d.Networks(ctx, key), func(account.Network) bool { return true })
				checkOdd(t, what, d.Netgroups(ctx, key), func(account.Netgroup) bool { return true })
				checkOdd(t, what, d.Protocols(ctx, key), func(p account.Protocol) bool { return p.Number >= 0 && p.Number <= 255 })
				checkOdd(t, what, d.RPCs(ctx, key), func(r account.RPC) bool { return r.Number >= 0 })
				checkOdd(t, what, d.Services(ctx, key), func(s account.Service) bool { return s.Port > 0 && s.Port <= 65535 && s.Protocol != "" })
			}
		})
	}
}

func checkOdd[V any](t *testing.T, what string, all iter.Seq2[V, error], inRange func(V) bool) {
	t.Helper()
	for v, err := range all {
		if err != nil {
			if !badOrMissing(err) {
				t.Errorf("%s: %v", what, err)
			}
			continue
		}
		checkTexts(t, what, v, "\n")
		if first := reflect.ValueOf(v).Field(0).String(); first == "" || len(first) > 255 || !inRange(v) {
			t.Errorf("%s: %.200q", what, fmt.Sprint(v))
		}
	}
}
