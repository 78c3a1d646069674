package directory

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// endpoint is where a server is and how a connection to it is secured.
type endpoint struct {
	uri     string
	network string // tcp or unix
	address string
	host    string // the name that its certificate must have
	mode    string // modeStartTLS, modeLDAPS or modeOff
	local   bool   // ldapi: nobody can listen in
}

// The values of the configuration's tls.mode.
const (
	modeStartTLS = "start_tls"
	modeLDAPS    = "ldaps"
	modeOff      = "off"
)

// checkMode returns the mode that the configuration means; nothing means
// StartTLS.
func checkMode(mode string) (string, error) {
	switch mode {
	case "":
		return modeStartTLS, nil
	case modeStartTLS, modeLDAPS, modeOff:
		return mode, nil
	}
	return "", fmt.Errorf("TLS mode %q: must be start_tls, ldaps or off", mode)
}

// parseURI reads an LDAP URL (RFC 4516; ldapi as in draft-chu-ldap-ldapi-00).
// mode is what the configuration says for ldap:// URIs.
func parseURI(uri, mode string) (endpoint, error) {
	scheme, rest, found := strings.Cut(uri, "://")
	if !found {
		return endpoint{}, fmt.Errorf("server %q: not an LDAP URI", uri)
	}
	switch strings.ToLower(scheme) {
	case "ldapi":
		return parseLDAPI(uri, rest)
	case "ldaps":
		return parseTCP(uri, rest, "636", modeLDAPS)
	case "ldap":
		port := "389"
		if mode == modeLDAPS {
			port = "636"
		}
		return parseTCP(uri, rest, port, mode)
	}
	return endpoint{}, fmt.Errorf("server %q: the scheme must be ldap, ldaps or ldapi", uri)
}

func parseLDAPI(uri, rest string) (endpoint, error) {
	host, _, _ := strings.Cut(rest, "/")
	path, err := url.PathUnescape(host)
	if err != nil || !strings.HasPrefix(path, "/") {
		return endpoint{}, fmt.Errorf("server %q: ldapi needs a percent-encoded absolute path", uri)
	}
	return endpoint{uri: uri, network: "unix", address: path, host: "localhost", mode: modeOff, local: true}, nil
}

func parseTCP(uri, rest, defaultPort, mode string) (endpoint, error) {
	authority, path, _ := strings.Cut(rest, "/")
	if path != "" {
		return endpoint{}, fmt.Errorf("server %q: only the host and the port of the URI are used", uri)
	}
	host, port := authority, defaultPort
	if h, p, err := net.SplitHostPort(authority); err == nil {
		host, port = h, p
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if host == "" || strings.ContainsAny(host, " @?#/\\") || port == "" {
		return endpoint{}, fmt.Errorf("server %q: no usable host name", uri)
	}
	return endpoint{uri: uri, network: "tcp", address: net.JoinHostPort(host, port), host: host, mode: mode}, nil
}
