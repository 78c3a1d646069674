//go:build integration

package integration

import (
	"testing"

	"github.com/goldap/goldap/test/root/dirsrv"
	"github.com/goldap/goldap/test/root/samba"
)

// TestOn389Setup is goldapctl setup on 389 Directory Server.
func TestOn389Setup(t *testing.T) {
	start389(t)
	setUpAndUndo(t, site{
		uri: "ldap://ds.mydomain.com", base: dirsrv.Base, bindDN: dirsrv.PseudouserDN, bindPassword: dirsrv.PseudouserPassword,
		caFile: dirsrv.CAFile, user: "alice", password: dirsrv.Find("alice").Password, vendor: "389 Directory Server",
	})
}

// TestOnSambaSetup is goldapctl setup on a domain controller.
func TestOnSambaSetup(t *testing.T) {
	s := startDomain(t)
	setUpAndUndo(t, site{
		uri: "ldap://dc1.ad.mydomain.com", base: samba.Base, bindDN: samba.PseudouserDN, bindPassword: samba.PseudouserPassword,
		caFile: s.CAFile, user: "alice", password: samba.Find("alice").Password, vendor: "Active Directory",
	})
}
