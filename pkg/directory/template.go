package directory

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/goldap/goldap/pkg/expression"
)

// LoginVariables are what is known of a login, for the filters of
// login_searches and login_bind_search. What is not known is empty.
type LoginVariables struct {
	// Username is the user name, in the directory's spelling. It is also $uid.
	Username string
	// Service, RUser, RHost and TTY are the items of pam_get_item(3).
	Service, RUser, RHost, TTY string
	// Hostname is this machine's name without its domain, FQDN with it, Domain
	// the domain alone.
	Hostname, FQDN, Domain string
	// DN is that of the user's entry.
	DN string
}

// loginVariables are the names of the variables with their values.
var loginVariables = map[string]func(*LoginVariables) string{
	"username": func(v *LoginVariables) string { return v.Username },
	"uid":      func(v *LoginVariables) string { return v.Username },
	"service":  func(v *LoginVariables) string { return v.Service },
	"ruser":    func(v *LoginVariables) string { return v.RUser },
	"rhost":    func(v *LoginVariables) string { return v.RHost },
	"tty":      func(v *LoginVariables) string { return v.TTY },
	"hostname": func(v *LoginVariables) string { return v.Hostname },
	"fqdn":     func(v *LoginVariables) string { return v.FQDN },
	"domain":   func(v *LoginVariables) string { return v.Domain },
	"dn":       func(v *LoginVariables) string { return v.DN },
}

// template is a filter with variables.
type template struct{ expression *expression.Expression }

// parseTemplate checks a filter with variables: that there are such variables,
// and that it is a filter when all have a value and when none has.
func parseTemplate(text string) (template, error) {
	e, err := expression.Parse(strings.TrimSpace(text))
	if err != nil {
		return template{}, fmt.Errorf("filter %q: %w", text, err)
	}
	for _, name := range e.Attributes() {
		if loginVariables[name] == nil {
			return template{}, fmt.Errorf("filter %q: there is no variable $%s; there are $username, $uid, $service, "+
				"$ruser, $rhost, $tty, $hostname, $fqdn, $domain and $dn", text, name)
		}
	}
	t := template{e}
	for _, probe := range []string{"x", ""} {
		all := LoginVariables{probe, probe, probe, probe, probe, probe, probe, probe, probe}
		if _, err := t.filter(all); err != nil {
			return template{}, err
		}
	}
	return t, nil
}

// parseTemplates is parseTemplate for several.
func parseTemplates(texts []string) ([]template, error) {
	var all []template
	for _, text := range texts {
		t, err := parseTemplate(text)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// filter puts the variables in. Each stays inside the assertion value that it
// stands in, whatever is in it: it is escaped, and a variable anywhere else in
// the filter is an error.
func (t template) filter(v LoginVariables) (filter, error) {
	var b strings.Builder
	misplaced := false
	value := func(name string) string { return loginVariables[name](&v) }
	t.expression.Each(value, func(text string, fromVariable bool) {
		if !fromVariable {
			b.WriteString(text)
			return
		}
		misplaced = misplaced || !endsInValue(b.String())
		b.WriteString(ldap.EscapeFilter(text))
	})
	if misplaced {
		return filter{}, fmt.Errorf("filter %q: a variable can only stand in a value, as in (host=$hostname)", t.expression)
	}
	result, err := parseFilter(b.String())
	if err == nil && result.text == "" {
		err = fmt.Errorf("filter %q: nothing is left of it", t.expression)
	}
	return result, err
}

// endsInValue reports whether what comes after the beginning of a filter is a
// part of an assertion value.
func endsInValue(beginning string) bool {
	item := beginning[strings.LastIndexAny(beginning, "()")+1:]
	return strings.Contains(item, "=")
}

// literalBackslashes makes an escape of RFC 4515 of each backslash that is
// before one character instead of two hexadecimal digits: the character stands
// for itself, as it does for nslcd.
func literalBackslashes(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] != '\\':
			b.WriteByte(text[i])
		case i+2 < len(text) && isHex(text[i+1]) && isHex(text[i+2]):
			b.WriteString(text[i : i+3])
			i += 2
		case i+1 < len(text):
			fmt.Fprintf(&b, `\%02x`, text[i+1])
			i++
		default:
			b.WriteString(`\5c`)
		}
	}
	return b.String()
}

func isHex(c byte) bool { return slices.Contains([]byte("0123456789abcdefABCDEF"), c) }
