package directory

import (
	"context"
	"iter"
	"strings"

	"github.com/goldap/goldap/pkg/account"
)

// Aliases returns mail aliases by account.ByName, in any case, or all of them:
// one for each name of an entry. The sequence is like that of Accounts.
func (d *Directory) Aliases(ctx context.Context, key account.Key) iter.Seq2[account.Alias, error] {
	m := &d.maps.aliases
	return asked(ctx, d, m, question[account.Alias]{
		key: key, attributes: []string{"cn", "rfc822MailMember"}, match: m.byName(key),
		parse: func(e entry) ([]account.Alias, error) {
			var recipients []string
			for _, recipient := range e.values(m.attribute("rfc822MailMember")) {
				if !strings.ContainsAny(recipient, "\n\x00") {
					recipients = append(recipients, recipient)
				}
			}
			var all []account.Alias
			for _, name := range e.namesLike(m.attribute("cn"), key) {
				all = append(all, account.Alias{Name: name, Recipients: recipients})
			}
			return all, nil
		},
	})
}

// namesLike returns the names of an entry that are the key's in any case, all
// of them if the key is not a name.
func (e entry) namesLike(attribute string, key account.Key) []string {
	var names []string
	for _, name := range e.values(attribute) {
		if printable(name) && (key.By != account.ByName || account.SameLetters(name, key.Name)) {
			names = append(names, name)
		}
	}
	return names
}
