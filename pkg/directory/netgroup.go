package directory

import (
	"context"
	"iter"
	"strings"

	"github.com/goldap/goldap/pkg/account"
)

// Netgroups returns netgroups by account.ByName or all of them, one for each
// name of an entry. Netgroups in netgroups are for the caller to look up. The
// sequence is like that of Accounts.
func (d *Directory) Netgroups(ctx context.Context, key account.Key) iter.Seq2[account.Netgroup, error] {
	m := &d.maps.netgroup
	return asked(ctx, d, m, question[account.Netgroup]{
		key: key, attributes: []string{"cn", "nisNetgroupTriple", "memberNisNetgroup"}, match: m.byName(key),
		parse: func(e entry) ([]account.Netgroup, error) {
			triples, groups := m.netgroupMembers(e)
			var all []account.Netgroup
			for _, name := range e.values(m.attribute("cn")) {
				if printable(name) && (key.By == account.All || name == key.Name || m.ignoreCase && account.SameLetters(name, key.Name)) {
					all = append(all, account.Netgroup{Name: name, Triples: triples, Groups: groups})
				}
			}
			return all, nil
		},
	})
}

// netgroupMembers returns the members of an entry, without those that are not
// of the form that netgroup(5) has.
func (m *mapping) netgroupMembers(e entry) (triples []account.Triple, groups []string) {
	for _, value := range e.values(m.attribute("nisNetgroupTriple")) {
		if triple, ok := parseTriple(value); ok {
			triples = append(triples, triple)
		}
	}
	for _, value := range e.values(m.attribute("memberNisNetgroup")) {
		if name := strings.TrimSpace(value); printable(name) {
			groups = append(groups, name)
		}
	}
	return triples, groups
}

// parseTriple reads (host,user,domain). Blanks around the parts do not count.
func parseTriple(value string) (account.Triple, bool) {
	inside, open := strings.CutPrefix(strings.TrimSpace(value), "(")
	inside, closed := strings.CutSuffix(inside, ")")
	parts := strings.Split(inside, ",")
	if !open || !closed || len(parts) != 3 {
		return account.Triple{}, false
	}
	for i, part := range parts {
		parts[i] = strings.TrimSpace(part)
		if parts[i] != "" && (!printable(parts[i]) || strings.ContainsAny(parts[i], "()")) {
			return account.Triple{}, false
		}
	}
	return account.Triple{Host: parts[0], User: parts[1], Domain: parts[2]}, true
}
