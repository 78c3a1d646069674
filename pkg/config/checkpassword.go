package config

import (
	"slices"
)

// checkPasswordChange checks how passwords are changed.
func (d *draft) checkPasswordChange(dir *Directory, at string) {
	path, way := at+".password_change", dir.PasswordChange
	d.checkChoice(path, way, passwordChanges()...)
	switch way {
	case "ad":
		if uri := clearWriter(dir); uri != "" {
			d.fail(path, way, "needs TLS, and %s is asked without it: Active Directory takes new passwords over an encrypted connection only", uri)
		}
	case "crypt", "md5", "sha", "ssha":
		d.warn(path, way, "sends the server a hash, so its policy can judge neither the quality nor the history of passwords: use exop if the server has RFC 3062")
	}
}

// clearWriter returns the first server that takes changes and is asked without
// TLS, or "". Nobody listens to what stays on this machine, but no server can
// know that.
func clearWriter(dir *Directory) string {
	for _, uri := range slices.Concat(dir.WriteURIs, dir.URIs) {
		if !isWriter(dir, uri) || !isClear(uri) || serverNamed(dir, uri) != nil {
			continue
		}
		if dir.TLS.Mode == "off" {
			return uri
		}
	}
	for _, s := range dir.Servers {
		mode := s.TLS.Mode
		if mode == "" {
			mode = dir.TLS.Mode
		}
		if isWriter(dir, s.URI) && isClear(s.URI) && mode == "off" {
			return s.URI
		}
	}
	return ""
}

// isWriter reports whether changes may go to a server.
func isWriter(dir *Directory, uri string) bool {
	return len(dir.WriteURIs) == 0 || slices.Contains(dir.WriteURIs, uri)
}

// serverNamed returns what the configuration says about a server of its own.
func serverNamed(dir *Directory, uri string) *Server {
	i := slices.IndexFunc(dir.Servers, func(s Server) bool { return s.URI == uri })
	if i < 0 {
		return nil
	}
	return &dir.Servers[i]
}

// checkWriters checks write_uris, and returns those that use the directory's own
// TLS. One may be among uris, too.
func (d *draft) checkWriters(dir *Directory, at string) (inherit []string) {
	seen := map[string]bool{}
	for i, uri := range dir.WriteURIs {
		d.checkServerURI(index(at+".write_uris", i), uri, seen)
		if serverNamed(dir, uri) == nil {
			inherit = append(inherit, uri)
		}
	}
	return inherit
}
