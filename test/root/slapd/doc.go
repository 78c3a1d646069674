// Package slapd runs a real OpenLDAP server for the integration tests and the
// bench, inside the private root of test/root. The server is as strict as a
// careful site's: it refuses everything but StartTLS below 128 bits, an
// anonymous client reads nothing, and the pseudouser reads everything but
// passwords. The ppolicy and memberof overlays are loaded.
//
// The entries are the ones of People and Groups, and on request any number of
// plain users and groups more. Everything is made at run time in one
// directory: certificates, configuration, data.
//
//	server, err := slapd.Start(ctx, slapd.Options{Dir: dir})
//	...
//	defer server.Stop()
//	// clients: ldap://ldap.mydomain.com, StartTLS, server.PKI.CAFile
package slapd
