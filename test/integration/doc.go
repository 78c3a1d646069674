// Package integration tests goldap with programs nobody here wrote: slapd as
// the directory; pamtester, sshd, su and sudo as PAM applications; nslcd,
// libpam-ldapd and libnss-ldapd as the other side of the protocol.
//
// The tests run as root inside the private root that test/root makes, and
// change its /etc as they like:
//
//	test/root/make-root.sh
//	go test -c -tags integration -race -o build/integration.test ./test/integration
//	test/root/run.sh /goldap/build/integration.test -test.v
package integration
