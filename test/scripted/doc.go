// Package scripted is an LDAP server for tests. Left alone it is a small
// directory in memory that answers binds, searches, modify requests, StartTLS
// and password changes as it should; a [Script] replaces any of these steps by whatever a
// test needs a server to do wrong.
//
//	server := scripted.New(t)
//	server.Add(scripted.Entry{DN: "uid=alice,dc=example", Attributes: ...})
//	server.Script(scripted.Script{Bind: func(c *scripted.Conn, r *scripted.Request) {
//		c.Send(scripted.Result(r.ID, scripted.SearchDone, 0, ""))
//	}})
//	uri := server.Listen(t) // or server.Dial for net.Pipe
//
// It records every connection, bind and search, and as whom each search was
// bound. It encodes with asn1-ber and shares no code with the clients that it
// tests.
package scripted
