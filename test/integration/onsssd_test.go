//go:build integration

package integration

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

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
				if name == "ids" {
					wanted.groups = "" // SSSD shows gids of users that it does not show as groups
				}
				if got != wanted {
					t.Errorf("%s:\ngoldap %+v\nSSSD   %+v", user, got, wanted)
				}
			}
		})
	}
}

// startSSSD starts SSSD for one test, without what an earlier one remembered.
func startSSSD(t *testing.T) {
	t.Helper()
	for _, old := range []string{"/var/lib/sss/db/*", "/var/lib/sss/mc/*", "/run/sssd.pid", "/var/run/sssd.pid"} {
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
		return output("getent", "-s", "sss", "passwd", "alice") != ""
	})
}

// askSSSD returns what a name service says of a user, and whether a PAM service lets
// them in.
func askSSSD(t *testing.T, nss, service, user string) sssdAnswers {
	t.Helper()
	var a sssdAnswers
	if fields := strings.Split(output("getent", "-s", nss, "passwd", user), ":"); len(fields) == 7 {
		a.passwd = strings.TrimSpace(strings.Join(append(fields[:1], fields[2:]...), ":"))
	}
	if fields := strings.Fields(output("getent", "-s", nss, "initgroups", user)); len(fields) > 1 {
		groups := fields[1:]
		slices.Sort(groups)
		a.groups = strings.Join(groups, " ")
	}
	password := wrongPassword
	if user != "nobody-here" {
		password = person(user).Password
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
