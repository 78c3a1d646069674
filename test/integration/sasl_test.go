//go:build integration

package integration

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/client"
	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/secret"
	"github.com/goldap/goldap/test/root/daemon"
	"github.com/goldap/goldap/test/root/slapd"
)

// saslDirectory returns a directory that binds with SASL, on the server of all
// tests.
func saslDirectory(t *testing.T, uri string, change func(*config.Directory)) (*directory.Directory, error) {
	t.Helper()
	cfg := config.DefaultDirectory()
	cfg.URIs, cfg.Base = []string{uri}, slapd.Base
	cfg.TLS.CAFile = server.PKI.CAFile
	change(&cfg)
	d, err := directory.New(cfg, directory.Options{})
	if err == nil {
		t.Cleanup(func() { must(t, d.Close()) })
	}
	return d, err
}

// findsAlice: the pseudouser may read the entry, everybody else may not.
func findsAlice(t *testing.T, d *directory.Directory) error {
	t.Helper()
	found, err := d.AccountByName(within(t, 15*time.Second), "alice")
	if err == nil && found.UID != 10001 {
		t.Errorf("%+v", found)
	}
	return err
}

// TestExternal binds as whom the kernel or the certificate says we are.
func TestExternal(t *testing.T) {
	certificate, key := server.PKI.Files(slapd.Client)
	for name, test := range map[string]struct {
		uri     string
		authzID string
		cert    bool
		finds   bool
	}{
		"ldapi":                      {server.LocalURL(), "", false, true},
		"ldapi, acting as itself":    {server.LocalURL(), "dn:" + slapd.PseudouserDN, false, true},
		"ldapi, acting as another":   {server.LocalURL(), "dn:" + slapd.AdminDN, false, false},
		"certificate":                {"ldap://" + slapd.ServerName, "", true, true},
		"certificate, acting itself": {"ldap://" + slapd.ServerName, "dn:" + slapd.PseudouserDN, true, true},
		"certificate, as another":    {"ldap://" + slapd.ServerName, "dn:" + slapd.AdminDN, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := saslDirectory(t, test.uri, func(cfg *config.Directory) {
				cfg.SASL = config.SASL{Mechanism: "EXTERNAL", AuthzID: test.authzID}
				if test.cert {
					cfg.TLS.CertFile, cfg.TLS.KeyFile = certificate, key
				}
			})
			must(t, err)
			if err := findsAlice(t, d); (err == nil) != test.finds {
				t.Error(err)
			}
		})
	}
	t.Run("user's password", func(t *testing.T) { // is checked by a simple bind all the same
		d, err := saslDirectory(t, server.LocalURL(), func(cfg *config.Directory) { cfg.SASL.Mechanism = "EXTERNAL" })
		must(t, err)
		alice := person("alice")
		reply, err := d.BindAsUser(within(t, 10*time.Second), alice.DN(), secret.FromString(alice.Password))
		if err != nil || reply.Code != directory.ResultSuccess {
			t.Errorf("%+v, %v", reply, err)
		}
	})
}

// TestExternalAndServersOfTheirOwn is goldapd with both, as a file says it.
func TestExternalAndServersOfTheirOwn(t *testing.T) {
	showLogsOnFailure(t)
	file, socket := filepath.Join(t.TempDir(), "goldap.toml"), filepath.Join(t.TempDir(), "socket")
	writeFile(t, file, 0o600, fmt.Sprintf(`
[[directory]]
uris = [%q]
base = %q
[directory.sasl]
mechanism = "EXTERNAL"
[[directory.server]]
uri = "ldap://%s"
bind_dn = %q
bind_password = %q
connect_timeout = "2s"
[directory.server.tls]
mode = "start_tls"
ca_file = %q
`, "ldapi://%2Fnonexistent%2Fldapi", slapd.Base, slapd.ServerName, slapd.PseudouserDN, slapd.PseudouserPassword, server.PKI.CAFile))
	for _, test := range [][2]string{{"the second server", "ldapi://%2Fnonexistent%2Fldapi"}, {"the first", server.LocalURL()}} {
		t.Run(test[0], func(t *testing.T) {
			writeFile(t, file, 0o600, strings.Replace(readFile(t, file), "ldapi://%2Fnonexistent%2Fldapi", test[1], 1))
			d, err := daemon.StartGoldapd(within(t, 20*time.Second), logFile(t, "goldapd"), file, socket)
			must(t, err)
			defer func() { must(t, d.Stop()) }()
			found, err := client.New(socket).PasswdByName(within(t, 10*time.Second), "alice")
			if err != nil || found.UID != 10001 {
				t.Errorf("%+v, %v", found, err)
			}
		})
	}
}

const realm = "MYDOMAIN.COM"

// kerberos is a realm with a KDC of its own.
type kerberosRealm struct {
	dir, keytab, conf string
}

// startRealm makes the realm, starts its KDC, and restarts slapd with a key.
func startRealm(t *testing.T) *kerberosRealm {
	t.Helper()
	r := &kerberosRealm{dir: t.TempDir()}
	r.conf, r.keytab = filepath.Join(r.dir, "krb5.conf"), filepath.Join(r.dir, "goldap.keytab")
	writeFile(t, r.conf, 0o644, fmt.Sprintf(`[libdefaults]
	default_realm = %[1]s
	dns_lookup_kdc = false
	dns_lookup_realm = false
	dns_canonicalize_hostname = false
	rdns = false
[realms]
	%[1]s = {
		kdc = 127.0.0.1:1088
	}
[domain_realm]
	.mydomain.com = %[1]s
`, realm))
	writeFile(t, filepath.Join(r.dir, "kdc.conf"), 0o644, fmt.Sprintf(`[kdcdefaults]
	kdc_listen = 127.0.0.1:1088
	kdc_tcp_listen = 127.0.0.1:1088
[realms]
	%s = {
		database_name = %[2]s/principal
		key_stash_file = %[2]s/stash
		acl_file = %[2]s/acl
	}
`, realm, r.dir))
	t.Setenv("KRB5_CONFIG", r.conf)
	t.Setenv("KRB5_KDC_PROFILE", filepath.Join(r.dir, "kdc.conf"))
	t.Setenv("KRB5_KTNAME", filepath.Join(r.dir, "slapd.keytab"))
	must(t, command("kdb5_util", "create", "-s", "-r", realm, "-P", "of-the-test"))
	for _, c := range [][2]string{{"ldap/" + slapd.ServerName, "slapd.keytab"}, {"goldap/client", "goldap.keytab"}, {"stranger", "stranger.keytab"}} {
		must(t, command("kadmin.local", "-r", realm, "addprinc", "-randkey", c[0]))
		must(t, command("kadmin.local", "-r", realm, "ktadd", "-k", filepath.Join(r.dir, c[1]), c[0]))
	}
	kdc := exec.Command("krb5kdc", "-n", "-r", realm)
	log, err := os.Create(logFile(t, "kdc"))
	must(t, err)
	kdc.Stdout, kdc.Stderr = log, log
	must(t, kdc.Start())
	t.Cleanup(func() {
		must(t, kdc.Process.Kill())
		_ = kdc.Wait()
		_ = log.Close()
	})
	restartServer(t)
	t.Cleanup(func() { restartServer(t) })
	eventually(t, 20*time.Second, "a ticket", func() bool { return r.kinit(t.Context()) == nil })
	return r
}

// restartServer starts slapd anew in the environment of now.
func restartServer(t *testing.T) {
	t.Helper()
	must(t, server.Stop())
	must(t, server.Resume(within(t, 30*time.Second)))
}

func (r *kerberosRealm) cache() string { return filepath.Join(r.dir, "cache") }

// kinit fills the credential cache.
func (r *kerberosRealm) kinit(ctx context.Context) error {
	kinit := exec.CommandContext(ctx, "kinit", "-c", "FILE:"+r.cache(), "-k", "-t", r.keytab, "goldap/client")
	said, err := kinit.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, said)
	}
	return nil
}

// TestGSSAPI is a real KDC and a real slapd with Cyrus SASL.
func TestGSSAPI(t *testing.T) {
	showLogsOnFailure(t)
	r := startRealm(t)
	// What the stock client can do shows that the scene is right.
	t.Setenv("KRB5CCNAME", "FILE:"+r.cache())
	t.Setenv("LDAPTLS_CACERT", server.PKI.CAFile)
	if said, err := exec.CommandContext(within(t, 20*time.Second), "ldapwhoami", "-Q", "-N", "-Y", "GSSAPI", "-ZZ", "-H", "ldap://"+slapd.ServerName, "-O", "maxssf=0").CombinedOutput(); err != nil || !strings.Contains(string(said), slapd.PseudouserDN) {
		t.Fatalf("ldapwhoami: %v\n%s", err, said)
	}
	for name, test := range map[string]struct {
		sasl  config.SASL
		finds bool
	}{
		"keytab":               {config.SASL{Keytab: r.keytab}, true},
		"keytab and principal": {config.SASL{Keytab: r.keytab, Principal: "goldap/client@" + realm}, true},
		"cache":                {config.SASL{CredentialCache: r.cache()}, true},
		"cache, acting itself": {config.SASL{CredentialCache: "FILE:" + r.cache(), AuthzID: "dn:" + slapd.PseudouserDN}, true},
		"acting as another":    {config.SASL{Keytab: r.keytab, AuthzID: "dn:" + slapd.AdminDN}, false},
		"a stranger":           {config.SASL{Keytab: filepath.Join(r.dir, "stranger.keytab")}, false},
		"no tickets":           {config.SASL{CredentialCache: filepath.Join(r.dir, "nothing")}, false},
	} {
		for _, uri := range []string{"ldap://" + slapd.ServerName} {
			t.Run(name, func(t *testing.T) {
				test.sasl.Mechanism, test.sasl.KerberosConfig = "GSSAPI", r.conf
				d, err := saslDirectory(t, uri, func(cfg *config.Directory) { cfg.SASL = test.sasl })
				must(t, err)
				if err := findsAlice(t, d); (err == nil) != test.finds {
					t.Error(err)
				}
				if !d.Status()[0].Up {
					t.Errorf("%+v", d.Status()[0])
				}
			})
		}
	}
	_, err := saslDirectory(t, "ldap://"+slapd.ServerName, func(cfg *config.Directory) {
		cfg.SASL = config.SASL{Mechanism: "GSSAPI", Keytab: r.keytab, Principal: "nobody", KerberosConfig: r.conf}
	})
	if err == nil || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("a principal without a key: %v", err)
	}
}
