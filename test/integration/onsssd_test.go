//go:build integration

package integration

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/goldap/goldap/test/root/samba"
	"github.com/goldap/goldap/test/root/slapd"
)

// sssdFile is where SSSD reads its configuration.
const sssdFile = "/etc/sssd/sssd.conf"

// sssdConfigurations are what SSSD and goldap are compared by, behind sssdSite.
var sssdConfigurations = map[string]string{
	"shadow":        "ldap_pwd_policy = shadow\n",
	"rfc2307":       "ldap_schema = rfc2307\n",
	"rfc2307bis":    "ldap_schema = rfc2307bis\nldap_group_nesting_level = 4\n",
	"deny users":    "access_provider = simple\nsimple_deny_users = carol, bob\n",
	"allow users":   "access_provider = simple\nsimple_allow_users = bob, expired\n",
	"allow groups":  "ldap_schema = rfc2307bis\naccess_provider = simple\nsimple_allow_groups = audit\nsimple_allow_users = alice\n",
	"deny groups":   "access_provider = simple\nsimple_deny_groups = dev\n",
	"nobody":        "access_provider = deny\n",
	"filter":        "access_provider = ldap\nldap_access_order = filter\nldap_access_filter = uid=a*\n",
	"no filter":     "access_provider = ldap\n",
	"expiry":        "access_provider = ldap\nldap_access_order = expire\nldap_account_expire_policy = shadow\n",
	"service":       "access_provider = ldap\nldap_access_order = authorized_service\n",
	"homes":         "override_homedir = /srv/%l/%u/%U\noverride_shell = /bin/zsh\n",
	"missing homes": "fallback_homedir = /srv/%d/%u\ndefault_shell = /bin/zsh\nldap_user_shell = noSuchAttribute\nldap_user_gecos = description\n",
	"bases":         "ldap_user_search_base = ou=people," + slapd.Base + "?onelevel?(!(uid=bob))\nldap_group_search_base = ou=groups," + slapd.Base + "\n",
	"hidden":        "filter_users = root, bob, carol@mydomain.com\nfilter_groups = ops, dev\n",
	"ids":           "min_id = 10000\nmax_id = 10004\n",
	"host":          "access_provider = ldap\nldap_access_order = host\n",
	"primary group": "access_provider = simple\nsimple_allow_groups = users-of-ldap\nsimple_deny_groups = dev\n",
	"old filter":    "ldap_user_search_filter = (uid=a*)\n",
	"private":       "auto_private_groups = true\n",
	"odd homes":     "override_homedir = %o/x%%y/%f/%d/%H/{$x}\noverride_shell = /bin/$x{y}\n",
	"group bases": "ldap_schema = rfc2307bis\nldap_group_search_base = ou=groups," + slapd.Base + "?sub?(cn=audit)?ou=groups," + slapd.Base + "?sub?(cn=ops)\n" +
		"access_provider = simple\nsimple_allow_groups = audit, ops\n",
	"several bases": "ldap_search_base = ou=people," + slapd.Base + "??(!(uid=carol))?ou=groups," + slapd.Base + "?one?\n",
	"names":         "ldap_user_gecos = sn\nldap_user_fullname = uid\nldap_user_home_directory = mail\nfallback_homedir = /x/%u\n",
	"gid":           "override_gid = 10102\n",
}

// leaveOutSSSD takes SSSD out of the stacks and the name service of the machine, into
// which its packages write it.
func leaveOutSSSD() error {
	if _, err := os.Stat("/usr/share/pam-configs/sss"); err != nil {
		return nil // not in this root
	}
	return errors.Join(command("pam-auth-update", "--package", "--remove", "sss"),
		command("sed", "-i", `s/ \<sss\>//`, "/etc/nsswitch.conf"))
}

// sssdAnswers are what a machine says of somebody, by SSSD or by goldap.
type sssdAnswers struct{ passwd, groups, login string }

// TestOnSSSD asks a real SSSD and goldap, with the configuration that goldapctl
// makes of SSSD's, the same questions. What differs stands in
// docs/migrating-from-sssd.md, too.
func TestOnSSSD(t *testing.T) {
	for name, text := range sssdConfigurations {
		t.Run(name, func(t *testing.T) {
			showLogsOnFailure(t)
			must(t, os.MkdirAll(filepath.Dir(sssdFile), 0o755))
			convertFile(t, sssdFile, sssdSite+text)
			writeFile(t, "/etc/pam.d/sssd-test", 0o644, strings.ReplaceAll(alone, "pam_goldap.so", "pam_sss.so"))
			startSSSD(t)
			want := map[string]sssdAnswers{}
			users := []string{"alice", "bob", "carol", "erin", "expired", "nobody-here"}
			for _, user := range users {
				want[user] = askSSSD(t, "sss", "sssd-test", user)
			}
			runExampleDaemon(t)
			writeAlone(t, "pam_goldap.so nodelay")
			for _, user := range users {
				got, wanted := askSSSD(t, "goldap", "sshd", user), want[user]
				if user == "expired" && got.login == "" {
					wanted.login = "" // goldap always obeys shadowExpire
				}
				switch name {
				case "ids":
					wanted.groups = "" // SSSD shows gids of users that it does not show as groups
				case "private": // the group of gidNumber is lost, which the report says
					wanted.groups = strings.TrimSpace(strings.TrimPrefix(wanted.groups, "10000"))
				}
				if got != wanted {
					t.Errorf("%s:\ngoldap %+v\nSSSD   %+v", user, got, wanted)
				}
			}
		})
	}
}

// sssdDomain is a sssd.conf for the Active Directory of the tests.
const sssdDomain = `[sssd]
services = nss, pam
domains = ad.mydomain.com

[domain/ad.mydomain.com]
id_provider = ldap
ldap_schema = AD
ldap_uri = ldap://` + samba.ServerName + `
ldap_search_base = ` + samba.Base + `
ldap_id_use_start_tls = true
ldap_referrals = false
ldap_default_bind_dn = ` + samba.PseudouserDN + `
ldap_default_authtok = ` + samba.PseudouserPassword + `
case_sensitive = false
default_shell = /bin/sh
fallback_homedir = /home/%u
`

// TestOnSSSDAndSamba is the same with a domain of Active Directory: with ids that
// are in the directory, and with those that SSSD makes of SIDs, by the range that a
// line names and by one that it chooses.
func TestOnSSSDAndSamba(t *testing.T) {
	s := startDomain(t)
	site := sssdDomain + "ldap_tls_cacert = " + s.CAFile + "\n"
	const named = "ldap_id_mapping = true\nldap_idmap_default_domain_sid = " + samba.SID + "\n"
	alikeOnSamba(t, "ids of the directory", site+"ldap_id_mapping = false\n", site+"ldap_id_mapping = false\n")
	first := alikeOnSamba(t, "the first range", site+named, site+named)
	// As docs/migrating-from-sssd.md has it: where the range begins is what is left of
	// a uid without the last number of the SID.
	chosen := askFirst(t, site+"ldap_id_mapping = true\n")
	begin := chosen - (first - 200_000)
	if begin == 200_000 || begin%200_000 != 0 {
		t.Errorf("SSSD's range begins at %d", begin)
	}
	alikeOnSamba(t, "the range that it chose", site+"ldap_id_mapping = true\n", site+named+"ldap_idmap_range_min = "+strconv.Itoa(begin)+"\n")
}

// alikeOnSamba holds goldap, with a file that is converted, against SSSD with its
// own, and returns the uid of alice.
func alikeOnSamba(t *testing.T, name, ofSSSD, converted string) (uid int) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		showLogsOnFailure(t)
		must(t, os.MkdirAll(filepath.Dir(sssdFile), 0o755))
		convertFile(t, sssdFile, converted)
		must(t, os.WriteFile(sssdFile, []byte(ofSSSD), 0o600))
		writeFile(t, "/etc/pam.d/sssd-test", 0o644, strings.ReplaceAll(alone, "pam_goldap.so", "pam_sss.so"))
		startSSSD(t)
		runExampleDaemon(t)
		writeAlone(t, "pam_goldap.so nodelay")
		for _, user := range []string{"alice", "erin", "expired", "locked"} {
			p := samba.Find(user)
			want := askOf(t, "sss", "sssd-test", p.Name, p.Password)
			got := askOf(t, "goldap", "sshd", p.Name, p.Password)
			if got != want || user == "alice" && want.login == "" || want.passwd == "" {
				t.Errorf("%s:\ngoldap %+v\nSSSD   %+v", p.Name, got, want)
			}
		}
		uid = uidOf(t)
	})
	return uid
}

// askFirst returns the uid that SSSD gives alice.
func askFirst(t *testing.T, ofSSSD string) (uid int) {
	t.Helper()
	t.Run("the range that SSSD chooses", func(t *testing.T) {
		writeFile(t, sssdFile, 0o600, ofSSSD)
		startSSSD(t)
		uid = uidOf(t)
	})
	return uid
}

func uidOf(t *testing.T) int {
	t.Helper()
	fields := strings.Split(output("getent", "-s", "sss", "passwd", "alice"), ":")
	if len(fields) != 7 {
		t.Fatalf("SSSD knows nothing of alice: %q", fields)
	}
	uid, err := strconv.Atoi(fields[2])
	must(t, err)
	return uid
}

// sssdPAM is the socket that pam_sss.so asks root's questions on.
const sssdPAM = "/var/lib/sss/pipes/private/pam"

// startSSSD starts SSSD for one test, without what an earlier one remembered.
func startSSSD(t *testing.T) {
	t.Helper()
	for _, old := range []string{"/var/lib/sss/db/*", "/var/lib/sss/mc/*", "/run/sssd.pid", sssdPAM} {
		found, err := filepath.Glob(old)
		must(t, err)
		for _, path := range found {
			must(t, os.RemoveAll(path))
		}
	}
	log, err := os.Create(logFile(t, "sssd"))
	must(t, err)
	sssd := exec.Command("/usr/sbin/sssd", "-i")
	sssd.Stdout, sssd.Stderr = log, log
	must(t, sssd.Start())
	t.Cleanup(func() {
		_ = sssd.Process.Signal(syscall.SIGTERM)
		_ = sssd.Wait()
		_ = log.Close()
	})
	eventually(t, 20*time.Second, "SSSD answering", func() bool {
		_, err := os.Stat(sssdPAM) // its last responder; before that it is hard to stop
		return err == nil && output("getent", "-s", "sss", "passwd", "alice") != ""
	})
}

// askSSSD returns what a name service says of a user, and whether a PAM service lets
// them in.
func askSSSD(t *testing.T, nss, service, user string) sssdAnswers {
	t.Helper()
	password := wrongPassword
	if user != "nobody-here" {
		password = person(user).Password
	}
	return askOf(t, nss, service, user, password)
}

func askOf(t *testing.T, nss, service, user, password string) sssdAnswers {
	t.Helper()
	var a sssdAnswers
	primary := ""
	if fields := strings.Split(output("getent", "-s", nss, "passwd", user), ":"); len(fields) == 7 {
		primary = fields[3]
		a.passwd = strings.TrimSpace(strings.Join(append(fields[:1], fields[2:]...), ":"))
	}
	if fields := strings.Fields(output("getent", "-s", nss, "initgroups", user)); len(fields) > 1 {
		groups := slices.DeleteFunc(fields[1:], func(gid string) bool { return gid == primary }) // which a user has anyway
		slices.Sort(groups)
		a.groups = strings.Join(groups, " ")
	}
	if logIn(t, service, user, password).ok {
		a.login = "in"
	}
	return a
}

// output returns what a program prints, which may be nothing.
func output(name string, arguments ...string) string {
	said, _ := exec.Command(name, arguments...).Output()
	return string(said)
}
