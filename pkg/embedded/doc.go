// Package embedded is an LDAP directory that lives in the process that uses
// it: for `goldapctl demo`, and for tests that want a real server at the other
// end without installing one. It listens on loopback, keeps everything in
// memory, and makes its own certificate authority each time it starts.
//
//	d, err := embedded.Start(ctx, embedded.Options{
//		Base:  "dc=mydomain,dc=com",
//		Users: []embedded.User{{Name: "alice", UID: 5001, GID: 5000, Password: secret.FromString("open sesame")}},
//	})
//	if err != nil { ... }
//	defer d.Close()
//	err = d.WriteCAFile(dir + "/ca.pem") // what a client must trust
//	fmt.Println(d.URI())                 // ldap://localhost:40321
//
// It behaves as a well-kept OpenLDAP would:
//
//   - before StartTLS every bind and every search but that of the root DSE is
//     refused with confidentialityRequired (13);
//   - an anonymous search finds nothing (noSuchObject), a user reads the
//     user's own entry, the pseudouser and the administrator read everything;
//   - nobody reads a password: passwords are not attributes here, so that no
//     answer and no filter can reach them;
//   - a bind and a password change answer with the password policy control
//     (draft-behera-ldap-password-policy-10) if the request asked for it; what
//     they say is [Policy], set for each user.
//
// # Why it does not use gldap
//
// github.com/jimlambrt/gldap v0.1.14 was meant to serve here and cannot:
//
//   - it drops the value of an extended request, and its Response interface
//     has an unexported method, so a password modify (RFC 3062) can neither be
//     read nor answered; there is no way to the packet or the connection below;
//   - Server.Stop waits for every client to hang up. Clients that keep their
//     connections, as goldap does, block it for ever;
//   - Server.Run opens the port itself and tells nobody which one it got, so
//     port 0 is of no use and tests would have to race for free ports;
//   - an abandon or a compare request ends the connection;
//   - its password policy control carries an error or a warning, never both,
//     and critical controls that it does not know are not refused.
//
// So the server is written on github.com/go-asn1-ber/asn1-ber, the codec that
// go-ldap and gldap use as well. Each connection is one goroutine that
// answers its requests in order, which LDAP allows and which makes the state
// of a connection free of locks.
package embedded
