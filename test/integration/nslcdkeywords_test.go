//go:build integration

package integration

import (
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/daemon"
	"github.com/goldap/goldap/test/root/slapd"
)

// nslcdBase is a file that both programs start with.
const nslcdBase = "uri ldapi://%2frun%2fnothing\nbase dc=mydomain,dc=com\n"

// bothStart are lines that both programs start with.
var bothStart = map[string]string{
	"nothing more":           "",
	"comment":                "# x\n\n#y\n",
	"leading blanks":         "  scope one\n\tpagesize 5\n",
	"tabs":                   "scope\t \tone \t\n",
	"upper case":             "SCOPE One\n",
	"threads":                "threads 3\n",
	"users":                  "uid nslcd\ngid nslcd\n",
	"number":                 "uid UID\ngid GID\n",
	"log":                    "log none\nlog syslog\nlog syslog crit\nlog syslog warning\nlog syslog notice\nlog /tmp/nslcd.log debug\n",
	"uris":                   "uri ldaps://a ldaps://b\nuri ldapi:///\n",
	"ldap_version":           "ldap_version 3\n",
	"binddn":                 "binddn cn=a b,dc=x\nbindpw a b # c\n",
	"rootpwmoddn":            "rootpwmoddn cn=a b\nrootpwmodpw x y\n",
	"base of the root":       "base \"\"\n",
	"bases":                  "base dc=x\nbase passwd ou=a\nbase alias ou=b\nbase HOSTS ou=c d\n",
	"scopes":                 "scope sub\nscope subtree\nscope passwd one\nscope group onelevel\nscope shadow base\nscope rpc children\n",
	"deref":                  "deref never\nderef searching\nderef finding\nderef always\n",
	"referrals":              "referrals yes\nreferrals off\n",
	"filters":                "filter passwd (objectClass=person)\nfilter ether (a=b c)\n",
	"maps":                   "map passwd uid sAMAccountName\nmap group gidNumber gid\nmap services ipServicePort port\n",
	"expressions":            "map passwd gecos \"${gecos:-$cn}\"\nmap passwd homeDirectory \"/home/$uid\"\nmap passwd loginShell \"${x:+a}\"\nmap passwd gidNumber \"100\"\nmap passwd userPassword \"*\"\nmap shadow shadowMax \"${shadowMax:--1}\"\nmap group userPassword \"x\"\n",
	"expression forms":       "map passwd gecos \"$a-b ${c:1:2} ${d#e?f} \\$g ${h:-${i:+$j}}\"\n",
	"empty expression":       "map passwd gecos \"\"\n",
	"no member":              "map group member \"\"\n",
	"SIDs":                   "map passwd uidNumber objectSid:S-1-5-21-1-2-3\nmap passwd gidNumber objectSid:S-1-5-21-1-2-3\nmap group gidNumber objectSid:S-1-5-21-1-2-3\n",
	"AD date":                "map shadow shadowLastChange pwdLastSet\n",
	"attribute in any case":  "map passwd HOMEDIRECTORY home\n",
	"times":                  "bind_timelimit 3\ntimelimit 5\nidle_timelimit 60\nreconnect_sleeptime 2\nreconnect_retrytime 20\n",
	"no times":               "bind_timelimit 0\ntimelimit 0\nidle_timelimit 0\n",
	"ssl":                    "ssl start_tls\nssl starttls\nssl off\nssl no\n",
	"certificates":           "tls_cacertfile CAFILE\ntls_cacertdir CADIR\ntls_reqcert demand\ntls_reqcert hard\ntls_reqcert try\ntls_reqcert never\ntls_reqcert allow\n",
	"reqcert in other words": "tls_reqcert yes\ntls_reqcert no\n",
	"client certificate":     "tls_cert CERTIFICATE\ntls_key KEY\n",
	"ciphers":                "tls_ciphers NORMAL:a b\n",
	"pagesize":               "pagesize 0\npagesize 1000\n",
	"ignoreusers":            "nss_initgroups_ignoreusers root,daemon\nnss_initgroups_ignoreusers nslcd\n",
	"ALLLOCAL":               "nss_initgroups_ignoreusers ALLLOCAL\n",
	"ids":                    "nss_min_uid 500\nnss_uid_offset 100000\nnss_gid_offset 100000\n",
	"switches":               "nss_nested_groups yes\nnss_getgrent_skipmembers true\nnss_disable_enumeration 1\nignorecase off\nignorecase 0\nignorecase false\npam_authc_ppolicy no\n",
	"validnames":             "validnames /^[a-z]+$/\nvalidnames /^[a-z \\~-]+$/i\n",
	"prohibit":               "pam_password_prohibit_message \"Ask  me.\"\n",
	"authc_search":           "pam_authc_search BASE\npam_authc_search NONE\npam_authc_search (uid=$username)\n",
	"authz_search":           strings.Repeat("pam_authz_search (&(a=$service$ruser$rhost$tty)(|(host=$hostname)(host=$fqdn)(host=\\\\*)(b=$domain$dn$uid)))\n", 8),
	"invalidate":             "reconnect_invalidate passwd,group\nreconnect_invalidate nfsidmap\n",
	"cache":                  "cache dn2uid 5m\ncache dn2uid 1h 10s\ncache dn2uid off 0\ncache dn2uid 1d\n",
	"last one wins":          "scope one\nscope sub\nignorecase yes\nignorecase no\n",
	"tls_randfile":           "tls_randfile /dev/random\n",
	"SASL":                   "sasl_mech EXTERNAL\nsasl_authzid u:x\n",
	"longest line":           "filter passwd (a=" + strings.Repeat("x", 4094-18) + ")\n",
	"canonicalize":           "sasl_canonicalize no\n",
	"reqsan":                 "tls_reqsan demand\n",
	"several maps":           "base networks ou=n\nbase protocol ou=p\nscope service one\nfilter netgroup (a=b)\n",
	"variable forms":         "pam_authz_search (uid=${username:-none})\n",
}

// neitherStarts are lines that neither starts with.
var neitherStarts = map[string]string{
	"unknown":                     "frobnicate 1\n",
	"of PADL":                     "host a\n",
	"of PADL, too":                "pam_filter a=b\n",
	"of an older nslcd":           "reconnect_tries 3\n",
	"indented comment":            " # x\n",
	"comment behind a value":      "scope one # x\n",
	"no value":                    "scope\n",
	"two words":                   "uid nslcd nslcd\n",
	"unknown user":                "uid nosuchuser\n",
	"unknown group":               "gid nosuchgroup\n",
	"log":                         "log stdout\n",
	"log level":                   "log syslog loud\n",
	"scope":                       "scope tree\n",
	"scope of what":               "scope passwort one\n",
	"deref":                       "deref yes\n",
	"boolean":                     "ignorecase maybe\n",
	"empty boolean":               "referrals\n",
	"filter of what":              "filter (a=b)\n",
	"filter of nothing":           "filter passwd\n",
	"map of what":                 "map passwort uid x\n",
	"map of two":                  "map passwd uid\n",
	"map of an unknown attribute": "map passwd shoeSize x\n",
	"expression of a name":        "map passwd uid \"$x\"\n",
	"expression of an id":         "map passwd uidNumber \"$x\"\n",
	"expression of a member":      "map group memberUid \"$x\"\n",
	"ssl":                         "ssl maybe\n",
	"reqcert":                     "tls_reqcert maybe\n",
	"no such CA file":             "tls_cacertfile /nonexistent\n",
	"CA folder":                   "tls_cacertdir /nonexistent\n",
	"no such certificate":         "tls_cert /nonexistent\ntls_key /etc/passwd\n",
	"crlcheck":                    "tls_crlcheck some\n",
	"variable":                    "pam_authz_search (uid=$user)\n",
	"variable of a bind":          "pam_authc_search (uid=$user)\n",
	"nine searches":               strings.Repeat("pam_authz_search (a=b)\n", 9),
	"invalidate":                  "reconnect_invalidate pwd\n",
	"cache":                       "cache users 5\n",
	"cache time":                  "cache dn2uid 5x\n",
	"cache of none":               "cache dn2uid\n",
	"validnames":                  "validnames ^a$\n",
	"validnames flag":             "validnames /^a$/g\n",
	"validnames syntax":           "validnames /^[a$/\n",
	"line too long":               "filter passwd (a=" + strings.Repeat("x", 4096-18) + ")\n",
}

// onlyNslcdStarts are lines that goldapd refuses: they mean nothing, or
// something that must not be so.
var onlyNslcdStarts = map[string]string{
	"validnames of a part":  "validnames /a/\n",
	"no number":             "pagesize many\n",
	"negative":              "nss_uid_offset -5\n",
	"filter":                "filter passwd a=b\n",
	"base":                  "base passwd nonsense\n",
	"binddn without bindpw": "binddn cn=a\n",
	"bindpw without binddn": "bindpw a\n",
	"certificate alone":     "tls_cert /etc/passwd\n",
	"version 2":             "ldap_version 2\n",
	"other SASL":            "sasl_mech DIGEST-MD5\n",
	"attribute":             "map passwd gecos a*b\n",
	"clear text":            "uri ldap://ldap.mydomain.com\n",
	"map of four":           "map passwd uid a b\n",
	"open quote":            "map passwd gecos \"x\n",
	"open brace":            "map passwd gecos \"${x\"\n",
	"operator":              "map passwd gecos \"${x!y}\"\n",
	"no name":               "map passwd gecos \"$&\"\n",
	"no certificate in it":  "tls_cacertfile /etc/passwd\n",
}

// onlyGoldapdStarts are lines that are clear, and yet nslcd refuses them.
var onlyGoldapdStarts = map[string]string{
	"no newline at the end": "scope one",
	"4095 bytes":            "filter passwd (a=" + strings.Repeat("x", 4095-18) + ")\n",
	"GnuTLS has no CRLs":    "tls_crlcheck none\n",
	"tickets that may come": "krb5_ccname FILE:/nonexistent\nsasl_mech GSSAPI\n",
}

// TestNslcdConfLikeNslcd gives files to the stock nslcd and to goldapd
// --check.
func TestNslcdConfLikeNslcd(t *testing.T) {
	uid, gid := nslcdUser(t)
	certificate, key := server.PKI.Files(slapd.Good)
	fill := strings.NewReplacer("UID", fmt.Sprint(uid), "GID", fmt.Sprint(gid), "CAFILE", server.PKI.CAFile,
		"CADIR", filepath.Dir(server.PKI.CAFile), "CERTIFICATE", certificate, "KEY", key)
	for _, table := range []struct {
		name        string
		lines       map[string]string
		nslcd, ours bool
	}{
		{"both", bothStart, true, true},
		{"neither", neitherStarts, false, false},
		{"nslcd", onlyNslcdStarts, true, false},
		{"goldapd", onlyGoldapdStarts, false, true},
	} {
		for name, lines := range table.lines {
			t.Run(table.name+"/"+name, func(t *testing.T) {
				compareVerdicts(t, nslcdBase+fill.Replace(lines), table.nslcd, table.ours)
			})
		}
	}
	t.Run("no uri", func(t *testing.T) { compareVerdicts(t, "base dc=x\n", false, false) })
}

func compareVerdicts(t *testing.T, file string, nslcd, ours bool) {
	t.Helper()
	writeFile(t, daemon.NslcdConfig, 0o600, file)
	said, started := tryNslcd(t)
	if started != nslcd {
		t.Errorf("nslcd starts: %v, expected %v\n%s", started, nslcd, said)
	}
	check, err := exec.CommandContext(within(t, 10*time.Second), daemon.GoldapProgram, "--check", "--config", daemon.NslcdConfig).CombinedOutput()
	if (err == nil) != ours {
		t.Errorf("goldapd --check: %v, expected %v\n%s", err, ours, check)
	}
}

// tryNslcd reports whether the stock nslcd starts with its file: it listens
// then, and ends otherwise.
func tryNslcd(t *testing.T) (said string, started bool) {
	t.Helper()
	must(t, command("install", "-d", "-o", "nslcd", filepath.Dir(daemon.NslcdSocket)))
	var output strings.Builder
	nslcd := exec.Command("nslcd", "--nofork")
	nslcd.Stdout, nslcd.Stderr = &output, &output
	must(t, nslcd.Start())
	ended := make(chan error, 1)
	go func() { ended <- nslcd.Wait() }()
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); <-again.C {
		select {
		case <-ended:
			return output.String(), false
		default:
		}
		if conn, err := net.Dial("unix", daemon.NslcdSocket); err == nil {
			conn.Close()
			must(t, nslcd.Process.Signal(syscall.SIGTERM))
			<-ended
			return output.String(), true
		}
	}
	must(t, nslcd.Process.Kill())
	<-ended
	t.Fatalf("nslcd neither starts nor ends:\n%s", output.String())
	return "", false
}
