package reference

import (
	"strings"

	"github.com/goldap/goldap/pkg/manual"
)

const manualHead = `goldap.toml is what goldapd(8) and pam_goldap(8) are told. They read the file that is
named to them, or else the first that exists of /etc/goldap/goldap.toml,
/etc/pam_ldap.conf and /etc/nslcd.conf; the last two are in the language of the
programs that they belong to, and can say less.

The file is in TOML (https://toml.io). A line has a key and a value, and belongs to the
table that stands above it in brackets. A table in two pairs of brackets may be there
several times. Times are text such as "1m30s". A key that does not exist, or that has a
value that cannot be, is an error: goldapd --check names all of them, each with its line.
goldapd reads the file again when it gets SIGHUP; if the new one is bad, the old one stays
in force.

With a password in it the file must not be readable by others: root:goldap, mode 0640.
A relative name of a secret file is looked for among the credentials of the systemd
service, and then beside the configuration. The first line of such a file is the password.

What is set with goldapctl(1) while goldapd runs is in a file of its own, managed/goldap.toml
beside this one. It is read over this one, and nobody edits it by hand.

A directory needs uris and base, and everything else only if its default does not fit.`

const manualExample = `  [[directory]]
  uris = ["ldap://ldap1.example.com", "ldap://ldap2.example.com"]
  base = "dc=example,dc=com"
  bind_dn = "cn=goldap,ou=services,dc=example,dc=com"
  bind_password_file = "bind.secret"

  [directory.tls]
  mode = "start_tls"`

const manualFiles = `
  /etc/goldap/goldap.toml   the configuration
  /etc/goldap/bind.secret   the password of the bind DN, if the configuration names it so; root:goldap, mode 0640
  /etc/goldap/managed/goldap.toml   what was set with goldapctl(1)
  /usr/share/doc/goldap/examples   the same as a commented file, and examples for OpenLDAP, 389 Directory Server and Active Directory`

// noDefault is what the reference says of a key that only has an example.
const noDefault = " Not set by default; for example:"

// Manual returns goldap.toml(5), made of the reference.
func Manual(text []byte) string {
	page := manual.Page{Name: "goldap.toml", Volume: 5, Summary: "the configuration of goldap"}
	page.Sections = append(page.Sections, manual.Text("DESCRIPTION", manualHead), manual.Text("EXAMPLE", manualExample))
	page.Sections = append(page.Sections, tableSections(string(text))...)
	page.Sections = append(page.Sections, manual.Text("FILES", manualFiles),
		manual.Text("SEE ALSO", "goldapd(8), goldapctl(1), pam_goldap(8), libnss_goldap(8)"))
	return page.Roff("pkg/config/model*.go")
}

// tableSections has a section for each table of the reference.
func tableSections(text string) []manual.Section {
	var sections []manual.Section
	var comment []string
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		bare := strings.TrimPrefix(line, "#")
		said := strings.Join(comment, " ")
		switch key, value, isKey := strings.Cut(bare, " = "); {
		case line == "" || line == "#":
			comment = nil
		case strings.HasPrefix(line, "# "):
			comment = append(comment, strings.TrimPrefix(line, "# "))
		case strings.HasPrefix(bare, "["):
			sections = append(sections, manual.Section{Heading: bare})
			if said != "" {
				last := &sections[len(sections)-1]
				last.Blocks = append(last.Blocks, manual.Block{Paragraph: said})
			}
			comment = nil
		case isKey:
			addKey(&sections[len(sections)-1], key, value, said)
			comment = nil
		}
	}
	return sections
}

func addKey(s *manual.Section, key, value, said string) {
	said, isExample := strings.CutSuffix(said, noDefault)
	if isExample {
		said += " There is no default; an example: " + value
	} else {
		said += " Default: " + value
	}
	item := manual.Item{Tag: key, Text: strings.TrimSpace(said)}
	if n := len(s.Blocks); n > 0 && s.Blocks[n-1].Items != nil {
		s.Blocks[n-1].Items = append(s.Blocks[n-1].Items, item)
		return
	}
	s.Blocks = append(s.Blocks, manual.Block{Items: []manual.Item{item}})
}
