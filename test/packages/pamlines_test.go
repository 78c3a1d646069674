package packages

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPamLines is which lines refuse people once their module is gone.
func TestPamLines(t *testing.T) {
	for line, refuses := range map[string]bool{
		"auth required pam_goldap.so":                                                 true,
		"account\trequisite\t/usr/lib64/security/pam_goldap.so minimum_uid=1000":      true,
		"-session required pam_goldap.so":                                             true,
		"account [success=ok user_unknown=ignore default=bad] pam_goldap.so":          true,
		"account [success=ok new_authtok_reqd=ok] pam_goldap.so":                      true,
		"account [success=ok module_unknown=die default=ignore] pam_goldap.so":        true,
		"account REQUIRED pam_goldap.so":                                              true,
		"auth sufficient pam_goldap.so use_first_pass":                                false,
		"session optional pam_goldap.so":                                              false,
		"auth [success=end default=ignore] pam_goldap.so":                             false,
		"account [success=ok module_unknown=ignore default=bad] pam_goldap.so":        false,
		"# auth required pam_goldap.so":                                               false,
		"auth required pam_unix.so # pam_goldap.so":                                   false,
		"auth required pam_exec.so pam_goldap.so":                                     false,
		"auth include system-auth":                                                    false,
		"account [success=1 default=ignore] pam_succeed_if.so pam_goldap.so required": false,
	} {
		dir := t.TempDir()
		must(t, os.WriteFile(filepath.Join(dir, "service"), []byte("# a service\n"+line+"\n"), 0o644))
		said, err := exec.Command("../../packaging/pam-lines", "pam_goldap.so", dir).Output()
		if (err != nil) != refuses {
			t.Errorf("%q: %v, want %v", line, err, refuses)
		}
		must(t, os.WriteFile(filepath.Join(dir, "service"), []byte("account sufficient pam_localuser.so\n"+line+"\n"), 0o644))
		if err := exec.Command("../../packaging/pam-lines", "pam_goldap.so", dir).Run(); (err != nil) != (refuses && !strings.HasPrefix(line, "account")) {
			t.Errorf("%q, behind pam_localuser of account: %v", line, err)
		}
		if refuses != strings.HasSuffix(string(said), "/service:2: "+line+"\n") {
			t.Errorf("%q: it says %q", line, said)
		}
	}
}
