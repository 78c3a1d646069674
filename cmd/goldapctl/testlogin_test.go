package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pamService writes a service file into dir and returns dir.
func pamService(t *testing.T, dir, name string, lines ...string) string {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// guarded is a service that lets in who knows the password "sesame", with the
// given account line.
func guarded(t *testing.T, account ...string) string {
	t.Helper()
	dir := t.TempDir()
	check := filepath.Join(dir, "check")
	if err := os.WriteFile(check, []byte("#!/bin/sh\nread -r typed; [ \"$typed\" = sesame ]\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	lines := append([]string{
		"auth [success=1 default=ignore] pam_exec.so quiet expose_authtok " + check,
		"auth requisite pam_deny.so", "auth required pam_permit.so",
	}, account...)
	return pamService(t, dir, "door", append(lines, "session required pam_permit.so")...)
}

// durations are what differs from run to run.
var durations = regexp.MustCompile(` *[0-9]+\.[0-9]{3} ms`)

func normalized(text, dir string) string {
	return strings.ReplaceAll(durations.ReplaceAllString(text, "   0.000 ms"), dir, "DIR")
}

const headOfDoor = "service door (DIR/door), user ada\n   0.000 ms  pam_start: PAM_SUCCESS\n"

const explainHint = `libpam does not say which module it was. What goldap decides, and by which rule, root learns with:
  goldapctl explain ada --service door
`

func TestTestLogin(t *testing.T) {
	permit := "account required pam_permit.so"
	for name, test := range map[string]struct {
		account []string
		flags   string
		typed   string
		status  int
		out     string
	}{
		"admitted": {[]string{permit}, "", "sesame\nmore", 0, headOfDoor +
			"   0.000 ms  pam_authenticate: PAM_SUCCESS\n   0.000 ms  pam_acct_mgmt: PAM_SUCCESS\n\nadmitted\n"},
		"wrong password": {[]string{permit}, "", "open\n", 1, headOfDoor +
			"   0.000 ms  pam_authenticate: PAM_AUTH_ERR: the password is wrong, or a module refuses without a reason\n\nnot admitted: pam_authenticate returned PAM_AUTH_ERR\n" + explainHint},
		"nothing typed": {[]string{permit}, "", "", 2, headOfDoor +
			"   0.000 ms  pam_authenticate: PAM_AUTH_ERR: the password is wrong, or a module refuses without a reason\n\nnot admitted: pam_authenticate returned PAM_AUTH_ERR\n" + explainHint},
		"account only": {[]string{permit}, "--account-only", "", 0, headOfDoor +
			"   0.000 ms  pam_acct_mgmt: PAM_SUCCESS\n\nadmitted\n"},
		"session": {[]string{permit}, "--account-only --session", "", 1, headOfDoor +
			"   0.000 ms  pam_acct_mgmt: PAM_SUCCESS\n   0.000 ms  pam_setcred: PAM_CRED_ERR: a module could not set the user's credentials\n\nnot admitted: pam_setcred returned PAM_CRED_ERR\n" + explainHint},
		"message": {[]string{"account optional pam_echo.so Behave, %u.", permit}, "--account-only", "", 0, headOfDoor +
			"             the person reads: Behave, ada.\n   0.000 ms  pam_acct_mgmt: PAM_SUCCESS\n\nadmitted\n"},
		"must change": {[]string{"account required pam_debug.so acct=new_authtok_reqd"}, "--account-only", "", 1, headOfDoor +
			"             the person reads: acct=new_authtok_reqd\n" +
			"   0.000 ms  pam_acct_mgmt: PAM_NEW_AUTHTOK_REQD: the password is right and must be changed before the user may in\n\nnot admitted: pam_acct_mgmt returned PAM_NEW_AUTHTOK_REQD\n" + explainHint},
		"away": {[]string{"account required pam_debug.so acct=authinfo_unavail"}, "--account-only", "", 3, headOfDoor +
			"             the person reads: acct=authinfo_unavail\n" +
			"   0.000 ms  pam_acct_mgmt: PAM_AUTHINFO_UNAVAIL: no directory answered, or no daemon\n\nnot admitted: pam_acct_mgmt returned PAM_AUTHINFO_UNAVAIL\n" + explainHint},
		"from there": {[]string{"account required pam_succeed_if.so quiet rhost = client.example"}, "--account-only --set-item rhost=client.example --set-item TTY=ssh", "", 0, headOfDoor +
			"   0.000 ms  pam_acct_mgmt: PAM_SUCCESS\n\nadmitted\n"},
		"from elsewhere": {[]string{"account required pam_succeed_if.so quiet rhost = client.example"}, "--account-only --set-item rhost=other.example", "", 1, headOfDoor +
			"   0.000 ms  pam_acct_mgmt: PAM_AUTH_ERR: the password is wrong, or a module refuses without a reason\n\nnot admitted: pam_acct_mgmt returned PAM_AUTH_ERR\n" + explainHint},
	} {
		t.Run(name, func(t *testing.T) {
			dir := guarded(t, test.account...)
			args := append(strings.Fields("test login ada --service door --service-dir "+dir), strings.Fields(test.flags)...)
			var out, errOut bytes.Buffer
			status := execute(t.Context(), args, strings.NewReader(test.typed), &out, &errOut)
			if got := normalized(out.String(), dir); status != test.status || got != test.out {
				t.Errorf("status %d, want %d; printed\n%s\nwant\n%s\nerrors: %s", status, test.status, got, test.out, errOut.String())
			}
			if strings.Contains(out.String()+errOut.String(), "sesame") {
				t.Error("the password is shown")
			}
		})
	}
}

func TestTestLoginSession(t *testing.T) {
	dir := pamService(t, t.TempDir(), "door", "auth required pam_permit.so", "account required pam_permit.so", "session required pam_permit.so")
	status, out, errOut := run(t, "test", "login", "ada", "--service", "door", "--service-dir", dir, "--session", "--json")
	var told loginTold
	if err := json.Unmarshal([]byte(out), &told); err != nil || status != 0 {
		t.Fatalf("status %d, %v: %s%s", status, err, out, errOut)
	}
	var calls []string
	for _, step := range told.Steps {
		calls = append(calls, step.Call+" "+step.Result)
	}
	want := "pam_start PAM_SUCCESS, pam_authenticate PAM_SUCCESS, pam_acct_mgmt PAM_SUCCESS, pam_setcred PAM_SUCCESS, " +
		"pam_open_session PAM_SUCCESS, pam_close_session PAM_SUCCESS, pam_setcred PAM_SUCCESS"
	if got := strings.Join(calls, ", "); got != want || !told.Admitted || told.ServiceFile != filepath.Join(dir, "door") {
		t.Errorf("told %s, %+v", got, told)
	}
}

// TestTestLoginOther: a service without a file is not tried in silence, because
// "other" may let everybody in.
func TestTestLoginOther(t *testing.T) {
	dir := pamService(t, t.TempDir(), "other", "auth required pam_permit.so", "account required pam_permit.so")
	status, out, errOut := run(t, "test", "login", "ada", "--service", "sshdd", "--service-dir", dir)
	if status != 0 || !strings.Contains(errOut, `no file for the service "sshdd"`) || !strings.Contains(out, `(no file of its own: "other")`) {
		t.Errorf("status %d, %s, %s", status, out, errOut)
	}
	pamService(t, dir, "sshdd", "auth required pam_permit.so", "account required pam_permit.so")
	status, _, errOut = run(t, "test", "login", "ada", "--service", "SSHDD", "--service-dir", dir)
	if status != 0 || errOut != "" {
		t.Errorf("status %d, %s", status, errOut)
	}
}

func TestTestLoginCommandLine(t *testing.T) {
	for _, args := range []string{
		"test login --service sshd", "test login ada", "test login ada grace --service sshd",
		"test login ada --service ../sshd", "test login ada --service sshd --set-item user=root",
		"test login ada --service sshd --set-item rhost", "test nonsense",
	} {
		if status, _, errOut := run(t, strings.Fields(args)...); status != exitUsage || errOut == "" {
			t.Errorf("%s: status %d, %s", args, status, errOut)
		}
	}
	if status, out, _ := run(t, "test"); status != 0 || !strings.Contains(out, "test login") {
		t.Errorf("status %d, %s", status, out)
	}
	// A stack that cannot be read decides nothing.
	if status, _, errOut := run(t, "test", "login", "ada", "--service", "door", "--service-dir", t.TempDir()); status != exitUnavailable {
		t.Errorf("status %d, %s", status, errOut)
	}
}
