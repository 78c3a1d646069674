package setup

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"text/template"

	"github.com/goldap/goldap/pkg/directory"
)

// Site is what a configuration is made for, beside what the servers show.
type Site struct {
	URIs []string
	Base string
	// BindDN is the pseudouser, whose password is in SecretFile; empty means
	// anonymous.
	BindDN     string
	SecretFile string
	// CAFile holds the authority of the servers; empty means the system's.
	CAFile string
}

//go:embed proposal.toml.tmpl
var proposalText string

var proposal = template.Must(template.New("proposal").Funcs(template.FuncMap{"quote": quote}).Parse(proposalText))

// Propose returns a commented configuration for a site with such a server.
func Propose(site Site, s directory.ServerSurvey) ([]byte, error) {
	p := proposed{Site: site, Root: s.Root}
	if s.Entries != nil {
		p.EntriesSurvey = *s.Entries
	}
	var text bytes.Buffer
	if err := proposal.Execute(&text, p); err != nil {
		return nil, fmt.Errorf("propose a configuration: %w", err)
	}
	return append(bytes.TrimRight(text.Bytes(), "\n"), '\n'), nil
}

// proposed is what the template sees.
type proposed struct {
	Site
	directory.EntriesSurvey
	Root directory.RootDSE
}

// Known: the vendor is one whose ways goldap knows.
func (p proposed) Known() bool {
	return p.Root.Vendor != "" && p.Root.Vendor != directory.VendorUnknown
}

func (p proposed) ActiveDirectory() bool {
	return p.Root.Vendor == directory.VendorActiveDirectory
}

// StartTLS: there are servers whose connections have no TLS by themselves.
func (p proposed) StartTLS() bool {
	for _, uri := range p.URIs {
		if scheme := strings.ToLower(uri); !strings.HasPrefix(scheme, "ldaps:") && !strings.HasPrefix(scheme, "ldapi:") {
			return true
		}
	}
	return false
}

// SIDs: ids are made of security identifiers, since users have no uidNumber.
func (p proposed) SIDs() bool { return p.ActiveDirectory() && p.SIDUsers && p.Sample.Domain != "" }

// MemberAttribute is the one that holds the DNs of members, "" if goldap's own
// default, uniqueMember, is right.
func (p proposed) MemberAttribute() string {
	if p.Member || p.ActiveDirectory() {
		return "member"
	}
	return ""
}

// OnlyNames: groups list the names of their members only.
func (p proposed) OnlyNames() bool {
	return p.MemberUID && !p.Member && !p.UniqueMember && !p.ActiveDirectory()
}

// OnlyDNs: groups list the DNs of their members only.
func (p proposed) OnlyDNs() bool {
	return !p.MemberUID && (p.Member || p.UniqueMember) || p.ActiveDirectory()
}

// quote returns text as a string of TOML, which takes what JSON does.
func quote(text string) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(text)
	return strings.TrimSuffix(b.String(), "\n"), err
}
