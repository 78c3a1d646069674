package machine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// stacks are service files and what is found in them.
var stacks = map[string]struct{ text, ids string }{
	"unix, goldap, deny": {`
auth sufficient pam_unix.so
auth sufficient pam_goldap.so minimum_uid=1000 use_first_pass
auth required pam_deny.so
account required pam_unix.so
account required pam_goldap.so`, ""},
	"alone": {`
auth required pam_goldap.so minimum_uid=1000
account required pam_goldap.so`, ""},
	"no account for local users": {`
auth sufficient pam_unix.so
auth sufficient pam_goldap.so minimum_uid=1000 use_first_pass
auth required pam_deny.so
account required pam_goldap.so`, "pam-local-lockout"}, // nobody is admitted by being ignored
	"deny before goldap": {`
auth sufficient pam_unix.so
auth required pam_deny.so
auth sufficient pam_goldap.so minimum_uid=1000 use_first_pass
account required pam_unix.so
account required pam_goldap.so`, "pam-directory-lockout"},
	"required unix": {`
auth required pam_unix.so
auth sufficient pam_goldap.so minimum_uid=1000 use_first_pass
account required pam_unix.so
account required pam_goldap.so`, "pam-directory-lockout"},
	"required goldap": {`
auth required pam_goldap.so minimum_uid=1000
auth required pam_unix.so use_first_pass
account required pam_unix.so
account required pam_goldap.so`, "pam-directory-lockout pam-local-lockout"},
	"nobody asks for the password": {`
auth sufficient pam_goldap.so minimum_uid=1000 use_first_pass
auth sufficient pam_unix.so
auth required pam_deny.so
account required pam_unix.so
account required pam_goldap.so`, "pam-directory-lockout"},
	"no deny": {`
auth required pam_env.so
auth optional pam_unix.so
auth optional pam_goldap.so minimum_uid=1000 use_first_pass
account required pam_unix.so
account required pam_goldap.so`, "pam-wrong-password"},
	"jump too short": {`
auth [success=1 default=ignore] pam_unix.so
auth [success=1 default=ignore] pam_goldap.so minimum_uid=1000 use_first_pass
auth requisite pam_deny.so
auth required pam_permit.so
account required pam_unix.so
account required pam_goldap.so`, "pam-local-lockout"},
	"jump too far": {`
auth [success=1 default=ignore] pam_unix.so
auth [success=1 default=ignore] pam_goldap.so minimum_uid=1000 use_first_pass
account required pam_unix.so
account required pam_goldap.so`, "pam-directory-lockout pam-local-lockout"},
	"unix sufficient in account": {`
auth sufficient pam_unix.so
auth sufficient pam_goldap.so minimum_uid=1000 use_first_pass
auth required pam_deny.so
account sufficient pam_unix.so
account required pam_goldap.so`, "pam-access-skipped"},
	"access rules are optional": {`
auth sufficient pam_unix.so
auth sufficient pam_goldap.so minimum_uid=1000 use_first_pass
auth required pam_deny.so
account required pam_unix.so
account optional pam_goldap.so`, "pam-access-skipped"},
	"perhaps sufficient": {`
auth sufficient pam_unix.so
auth sufficient pam_goldap.so minimum_uid=1000 use_first_pass
auth required pam_deny.so
account sufficient pam_site.so
account required pam_unix.so
account required pam_goldap.so`, ""},
	"nobody under 20000": {`
auth sufficient pam_unix.so
auth sufficient pam_goldap.so minimum_uid=1000 use_first_pass
auth required pam_deny.so
account required pam_succeed_if.so uid >= 20000 quiet
account required pam_unix.so
account required pam_goldap.so`, "pam-directory-lockout pam-local-lockout"},
	"no account": {`
auth sufficient pam_unix.so
auth sufficient pam_goldap.so minimum_uid=1000 use_first_pass
auth required pam_deny.so
account required pam_unix.so`, "pam-no-account"},
	"no minimum_uid": {`
auth sufficient pam_unix.so
auth sufficient pam_goldap.so use_first_pass
auth required pam_deny.so
account required pam_unix.so
account required pam_goldap.so`, "pam-minimum-uid"},
	"goldap before unix": {`
auth sufficient pam_goldap.so minimum_uid=1000
auth sufficient pam_unix.so try_first_pass
auth required pam_deny.so
account required pam_unix.so
account required pam_goldap.so`, ""},
	"local passwords to the directory": {`
auth sufficient pam_goldap.so minimum_uid=1000 local_users
auth sufficient pam_unix.so try_first_pass
auth required pam_deny.so
account required pam_unix.so
account required pam_goldap.so`, "pam-order"},
	"the same, guarded": {`
auth [success=1 default=ignore] pam_localuser.so
auth sufficient pam_goldap.so minimum_uid=1000 local_users
auth sufficient pam_unix.so
auth required pam_deny.so
account required pam_unix.so
account required pam_goldap.so`, ""},
	"sss, too": {`
auth sufficient pam_unix.so
auth sufficient pam_goldap.so minimum_uid=1000 use_first_pass
auth sufficient pam_sss.so use_first_pass
auth required pam_deny.so
account required pam_unix.so
account required pam_goldap.so`, "pam-two-directories"},
	"misspelt control": {`
auth sufficent pam_goldap.so minimum_uid=1000
auth sufficient pam_unix.so try_first_pass
auth required pam_deny.so
account required pam_unix.so
account required pam_goldap.so`, "pam-broken pam-directory-lockout pam-local-lockout"},
	"misspelt type": {`
auht required pam_env.so
auth sufficient pam_unix.so
auth sufficient pam_goldap.so minimum_uid=1000 use_first_pass
auth required pam_deny.so
account required pam_unix.so
account required pam_goldap.so`, "pam-broken"},
	"included file missing": {`
auth include nowhere
auth sufficient pam_unix.so
auth sufficient pam_goldap.so minimum_uid=1000 use_first_pass
auth required pam_deny.so
account required pam_unix.so
account required pam_goldap.so`, "pam-broken"},
	"circle": {`
auth include service
auth sufficient pam_unix.so
auth sufficient pam_goldap.so minimum_uid=1000 use_first_pass
auth required pam_deny.so
account required pam_unix.so
account required pam_goldap.so`, "pam-broken"},
	"two lines in one, brackets in an argument": {`
auth sufficient \
  pam_unix.so
-auth sufficient pam_goldap.so minimum_uid=1000 use_first_pass
auth required pam_deny.so
account required pam_access.so [fieldsep=| a=b]
account required pam_unix.so
account required pam_goldap.so`, ""},
}

// stackTree is a machine with one service.
func stackTree(text string) *tree {
	m := goodTree()
	delete(m.files, "/etc/pam.d/common-auth")
	delete(m.files, "/etc/pam.d/common-account")
	delete(m.files, "/etc/pam.d/sshd")
	m.files["/etc/pam.d/service"] = strings.TrimPrefix(text, "\n") + "\n"
	return m
}

func TestStacks(t *testing.T) {
	for name, test := range stacks {
		t.Run(name, func(t *testing.T) {
			found := stackTree(test.text).check(t)
			if got := ids(found); got != test.ids {
				t.Errorf("found %q, want %q: %+v", got, test.ids, found)
			}
		})
	}
}

func TestShippedStacksAreGood(t *testing.T) {
	folder := filepath.Join("..", "..", "etc", "pam.d")
	entries, err := os.ReadDir(folder)
	must(t, err)
	m := stackTree("")
	delete(m.files, "/etc/pam.d/service")
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(folder, e.Name()))
		must(t, err)
		m.files["/etc/pam.d/"+e.Name()] = string(text)
	}
	if len(entries) < 5 {
		t.Fatalf("only %d stacks", len(entries))
	}
	if found := m.check(t); len(found) > 0 {
		t.Errorf("found %+v", found)
	}
}

// TestSubstacks is what "done" and a jump mean in one.
func TestSubstacks(t *testing.T) {
	const sub = "auth sufficient pam_unix.so\nauth sufficient pam_goldap.so minimum_uid=1000 use_first_pass\nauth required pam_deny.so\n"
	for name, test := range map[string]struct{ service, ids string }{
		"passes":         {"auth substack sub\nauth required pam_env.so\n", ""},
		"denied behind":  {"auth substack sub\nauth required pam_deny.so\n", "pam-directory-lockout pam-local-lockout"},
		"included":       {"auth include sub\nauth required pam_deny.so\n", ""},
		"jumped over":    {"auth [default=1] pam_permit.so\nauth substack sub\nauth required pam_permit.so\n", "pam-wrong-password"},
		"jumped over, 2": {"auth [default=2] pam_permit.so\nauth substack sub\nauth required pam_permit.so\nauth required pam_deny.so\n", "pam-directory-lockout pam-local-lockout"},
	} {
		t.Run(name, func(t *testing.T) {
			m := stackTree(test.service + "account required pam_unix.so\naccount required pam_goldap.so\n")
			m.files["/usr/lib/pam.d/sub"] = sub
			var found []Finding
			for _, f := range m.check(t) {
				if strings.Contains(f.What, "service: ") || strings.Contains(f.What, "service)") {
					found = append(found, f)
				}
			}
			if got := ids(found); got != test.ids {
				t.Errorf("found %q, want %q: %+v", got, test.ids, found)
			}
		})
	}
}
