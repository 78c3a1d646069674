//go:build integration

package integration

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/slapd"
)

// cleanRoot is a copy of the private root inside of it, in which a test may do
// whatever an administrator would.
type cleanRoot string

// newCleanRoot makes one, with the stock packages as their own installation
// questions set them up, and the certificate authority of our server.
func newCleanRoot(t *testing.T) cleanRoot {
	t.Helper()
	dir := t.TempDir()
	c := cleanRoot(filepath.Join(dir, "new"))
	must(t, command("sh", "-euc", `
		mount -t tmpfs -o mode=755 clean "$1" && cd "$1"
		mkdir upper work new
		mount -t overlay -o lowerdir=/,upperdir=upper,workdir=work clean new && cd new
		mount -t tmpfs -o mode=755 run run
		mount -t tmpfs -o mode=1777 tmp tmp
		for shown in proc dev goldap; do mount --rbind "/$shown" "$shown"; done
		rm -f etc/pam_ldap.conf etc/nslcd.conf usr/sbin/policy-rc.d
		cp "$2" etc/ssl/certs/mydomain.pem`, "sh", dir, server.PKI.CAFile))
	t.Cleanup(func() { must(t, command("umount", "-R", "-l", dir)) })
	c.configure(t)
	return c
}

// configure answers the questions of nslcd, libnss-ldapd and libpam-ldapd.
func (c cleanRoot) configure(t *testing.T) {
	t.Helper()
	answers := strings.NewReplacer("URI", "ldap://"+slapd.ServerName, "BASE", slapd.Base, "BINDDN", slapd.PseudouserDN,
		"BINDPW", slapd.PseudouserPassword).Replace(`
nslcd nslcd/ldap-uris string URI
nslcd nslcd/ldap-base string BASE
nslcd nslcd/ldap-auth-type select simple
nslcd nslcd/ldap-binddn string BINDDN
nslcd nslcd/ldap-bindpw password BINDPW
nslcd nslcd/ldap-starttls boolean true
nslcd nslcd/ldap-reqcert select demand
nslcd nslcd/ldap-cacertfile string /etc/ssl/certs/mydomain.pem
libnss-ldapd libnss-ldapd/nsswitch multiselect passwd, group, shadow
`)
	c.input(t, answers, "debconf-set-selections")
	c.shell(t, `
		export DEBIAN_FRONTEND=noninteractive
		dpkg-reconfigure nslcd libnss-ldapd
		pam-auth-update --package --enable ldap
		service nslcd restart`)
}

// shell runs a script inside, as root, in the folder of the sources, and
// returns what it says.
func (c cleanRoot) shell(t *testing.T, script string) string {
	t.Helper()
	return c.input(t, script, "sh", "-eu")
}

// input runs a program inside with input.
func (c cleanRoot) input(t *testing.T, input string, program ...string) string {
	t.Helper()
	command := exec.CommandContext(within(t, time.Minute), "chroot", append([]string{string(c), "env", "-C", "/goldap"}, program...)...)
	command.Stdin = strings.NewReader(input)
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	// What the script leaves running must not keep us waiting.
	command.WaitDelay = time.Second
	if err := command.Run(); err != nil {
		t.Fatalf("%v: %v\n%s\n%s", program, err, input, &said)
	}
	return said.String()
}

// says runs a program inside and returns whether it succeeded, and what it said.
func (c cleanRoot) says(t *testing.T, input string, program ...string) answer {
	t.Helper()
	return asUID(t, 0, input, "chroot", append([]string{string(c)}, program...)...)
}
