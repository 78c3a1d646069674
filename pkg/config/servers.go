package config

import (
	"errors"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// servers collects what the old spellings say about servers in several
// keywords.
type servers struct {
	uris, hosts   []string
	uriAt, hostAt place
	port          uint32
	// domain is where DNS is asked for servers if there are neither.
	domain   string
	domainAt place
	// ssl is off, ldaps or start_tls; empty if there is no such line.
	ssl string
}

func (r *keywordReader) setURI(at place, value string) error {
	r.servers.uris, r.servers.uriAt = strings.Fields(value), at
	return nil
}

func (r *keywordReader) setHost(at place, value string) error {
	if strings.Contains(value, "://") {
		return errors.New("is a URI, not a name: the keyword for it is uri")
	}
	r.servers.hosts, r.servers.hostAt = strings.Fields(value), at
	return nil
}

func (r *keywordReader) setPort(_ place, value string) error {
	n, err := strconv.ParseUint(value, 10, 16)
	if err != nil || n == 0 {
		return errors.New("is not a port, which is a number from 1 to 65535")
	}
	r.servers.port = uint32(n)
	return nil
}

func (r *keywordReader) setSSL(_ place, value string) error {
	ssl, err := choice(value, "start_tls", "start_tls", "starttls", "start_tls", "on", "ldaps", "yes", "ldaps", "true", "ldaps",
		"off", "off", "no", "off", "false", "off")
	r.servers.ssl = ssl
	return err
}

// finishServers makes URIs of what the keywords said, and decides about TLS.
func (r *keywordReader) finishServers() {
	s := &r.servers
	at := s.uriAt
	for _, uri := range s.uris {
		r.dir.URIs = append(r.dir.URIs, s.asURI(uri))
	}
	switch {
	case len(s.uris) == 0 && len(s.hosts) == 0 && s.domain != "":
		at = s.domainAt
		r.dir.URIs = []string{s.asURI("DNS:" + s.domain)}
	case len(s.uris) == 0:
		at = s.hostAt
		for _, host := range s.hosts {
			r.dir.URIs = append(r.dir.URIs, s.hostURI(host))
		}
	case len(s.hosts) > 0:
		r.warnAt(s.hostAt, "", "is not used because there is a uri line")
	}
	r.places[first+"uris"] = at
	if at.line == 0 {
		delete(r.places, first+"uris")
	}
	r.finishTLS(at)
}

// slapdURI is the URI of the socket that slapd makes, for a URI without a path.
const slapdURI = "ldapi://%2Frun%2Fslapd%2Fldapi"

// asURI returns a URI as the model has it: one that begins with TLS if "ssl
// on" says so, and with the path that libldap thinks of where there is none. The
// words for a search in DNS may be in any case.
func (s *servers) asURI(uri string) string {
	if path, local := cutPrefixFold(uri, "ldapi://"); local && strings.Trim(path, "/") == "" {
		return slapdURI
	}
	if rest, clear := cutPrefixFold(uri, "ldap://"); clear && s.ssl == "ldaps" {
		return "ldaps://" + rest
	}
	word, domain, found := cutSRV(uri)
	if !found {
		return uri
	}
	if s.ssl == "ldaps" {
		word = srvLDAPS
	}
	if domain != "" {
		domain = ":" + domain
	}
	return word + domain
}

// The words in place of a URI that have the servers looked for in DNS.
const (
	srv      = "DNS"
	srvLDAPS = "DNSLDAPS"
)

// cutSRV reads DNS, DNS:domain, DNSLDAPS and DNSLDAPS:domain.
func cutSRV(uri string) (word, domain string, found bool) {
	word, domain, _ = strings.Cut(uri, ":")
	word = strings.ToUpper(word)
	return word, domain, word == srv || word == srvLDAPS
}

// hostURI returns the URI of a word of a host line: name, name:port, address or
// [address]:port.
func (s *servers) hostURI(host string) string {
	scheme := "ldap://"
	if s.ssl == "ldaps" {
		scheme = "ldaps://"
	}
	if net.ParseIP(host) != nil && strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if hasPort := strings.LastIndex(host, ":") > strings.LastIndex(host, "]"); !hasPort && s.port != 0 {
		host += ":" + strconv.Itoa(int(s.port))
	}
	return scheme + host
}

// finishTLS decides how ldap:// connections are secured. To the old programs no
// ssl line means no TLS at all; whoever wants that has to say so to goldap,
// unless the servers are on this machine.
func (r *keywordReader) finishTLS(at place) {
	clear, far := hasClearURI(r.dir.URIs), hasFarClearURI(r.dir.URIs)
	switch {
	case r.servers.ssl != "":
		r.dir.TLS.Mode = r.servers.ssl
		r.dir.TLS.AllowClearText = clear && r.servers.ssl == "off"
	case far && r.seen["ssl"] == 0:
		r.failAt(place{key: "ssl", line: at.line}, "",
			`is missing, and passwords would travel in clear text: write "ssl start_tls", or "ssl off" if that is meant`)
	case clear && !far:
		r.dir.TLS.Mode, r.dir.TLS.AllowClearText = "off", true
	}
}

// hasClearURI reports whether one of the URIs begins without TLS.
func hasClearURI(uris []string) bool { return slices.ContainsFunc(uris, isClear) }

// hasFarClearURI reports whether one of them leaves this machine, too.
func hasFarClearURI(uris []string) bool {
	return slices.ContainsFunc(uris, func(uri string) bool { return isClear(uri) && !isLoopback(uri) })
}

func isClear(uri string) bool {
	_, clear := cutPrefixFold(uri, "ldap://")
	word, _, _ := cutSRV(uri)
	return clear || word == srv
}

// isLoopback reports whether what is sent to the server stays on this machine
// (RFC 1122, 3.2.1.3; RFC 6761, 6.3).
func isLoopback(uri string) bool {
	u, err := url.Parse(uri)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return ip.IsLoopback() || strings.EqualFold(u.Hostname(), "localhost")
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// finishBases completes search bases that end in a comma with the base DN.
func (r *keywordReader) finishBases() {
	for _, name := range mapNames() {
		bases := r.dir.mapNamed(name).Bases
		for i := range bases {
			if !strings.HasSuffix(bases[i].DN, ",") {
				continue
			}
			if r.dir.Base == "" {
				r.fail(first+name+".bases["+strconv.Itoa(i)+"]", bases[i].DN,
					"ends in a comma, which means that the base DN follows, but there is no base line")
			}
			bases[i].DN += r.dir.Base
		}
	}
}
