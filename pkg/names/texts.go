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
	return slices.DeleteFunc(all, func(text string) bool {
		if good(text) {
			return false
		}
		n.report(refuse(BadName, "%s %s: %s is left out: it is not a name", kind, strconv.Quote(name), strconv.Quote(text)))
		return true
	})
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

func (n *Names) checkNetgroup(g account.Netgroup) (account.Netgroup, error) {
	g.Groups = n.words("netgroup", g.Name, g.Groups)
	g.Triples = slices.DeleteFunc(g.Triples, func(t account.Triple) bool {
		for _, part := range []string{t.Host, t.User, t.Domain} {
			if part != "" && part != nobody && !account.IsWord(part) {
				n.report(refuse(BadName, "netgroup %s: a part %s of a triple is not a name", strconv.Quote(g.Name), strconv.Quote(part)))
				return true
			}
		}
		return false
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
