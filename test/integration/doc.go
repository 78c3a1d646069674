// Package integration tests goldap with programs nobody here wrote: slapd as
// the directory; pamtester, sshd, su and sudo as PAM applications; nslcd,
// libpam-ldapd and libnss-ldapd as the other side of the protocol.
//
// The tests run as root inside the private root that test/root makes, and
// change its /etc as they like:
//
//	test/root/make-root.sh
//	go test -c -tags integration -race -o build/integration.test ./test/integration
//	test/root/run.sh /goldap/build/integration.test -test.v -test.skip '^TestOn'
//
// Those whose names begin with TestOn need the root with the large servers (389
// Directory Server, Samba, JupyterHub):
//
//	test/root/make-root.sh servers
//	test/root/run.sh --servers /goldap/build/integration.test -test.v -test.run '^TestOn'
package integration
