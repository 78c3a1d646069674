package names

import (
	"slices"
	"strconv"

	"github.com/goldap/goldap/pkg/account"
)

// What may be said in the maps that have nothing to do with logins: names that
// are one word, and texts that are one line.

// words leaves out of a list what is not one word, for an entry with this name.
func (n *Names) words(kind, name string, all []string) []string {
	return n.keepIf(kind, name, all, account.IsWord)
}

func (n *Names) keepIf(kind, name string, all []string, good func(string) bool) []string {
	return without(all, func(text string) bool { return !good(text) }, func(text string) {
		n.report(refuse(BadName, "%s %s: %s is left out: it is not a name", kind, strconv.Quote(name), strconv.Quote(text)))
	})
}

// without leaves out what is bad, and reports it. It does not touch the list,
// which other values may share.
func without[V any](all []V, bad func(V) bool, report func(V)) []V {
	if !slices.ContainsFunc(all, bad) {
		return all
	}
	var kept []V
	for _, value := range all {
		if bad(value) {
			report(value)
			continue
		}
		kept = append(kept, value)
	}
	return kept
}

// word refuses an entry whose name, or what else must be in it, is not a word.
func word(kind, name string) error {
	if account.IsWord(name) {
		return nil
	}
	return refuse(BadName, "%s %s: it is not a name", kind, strconv.Quote(name))
}

func (n *Names) checkAlias(a account.Alias) (account.Alias, error) {
	if !account.IsLine(a.Name) {
		return a, refuse(BadName, "alias %s: it is not a name", strconv.Quote(a.Name))
	}
	a.Recipients = n.keepIf("alias", a.Name, a.Recipients, account.IsLine)
	return a, nil
}

func (n *Names) checkEther(e account.Ether) (account.Ether, error) { return e, word("ether", e.Host) }

func (n *Names) checkHost(h account.Host) (account.Host, error) {
	h.Aliases = n.words("host", h.Name, h.Aliases)
	return h, word("host", h.Name)
}

// nobody is the part of a triple that nothing matches (netgroup(5)).
const nobody = "-"

func isBadTriple(t account.Triple) bool {
	return slices.ContainsFunc([]string{t.Host, t.User, t.Domain}, func(part string) bool {
		return part != "" && part != nobody && !account.IsWord(part)
	})
}

func (n *Names) checkNetgroup(g account.Netgroup) (account.Netgroup, error) {
	g.Groups = n.words("netgroup", g.Name, g.Groups)
	g.Triples = without(g.Triples, isBadTriple, func(t account.Triple) {
		n.report(refuse(BadName, "netgroup %s: triple %q is left out: a part of it is not a name", strconv.Quote(g.Name), t))
	})
	return g, word("netgroup", g.Name)
}

func (n *Names) checkProtocol(p account.Protocol) (account.Protocol, error) {
	p.Aliases = n.words("protocol", p.Name, p.Aliases)
	return p, word("protocol", p.Name)
}

func (n *Names) checkService(s account.Service) (account.Service, error) {
	s.Aliases = n.words("service", s.Name, s.Aliases)
	if err := word("service", s.Name); err != nil {
		return s, err
	}
	return s, word("protocol", s.Protocol)
}
