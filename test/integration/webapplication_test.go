//go:build integration

package integration

import (
	"context"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// webUser is the user that Debian's web servers run as (www-data).
const webUser = 33

// startWebApplication puts a daemon and the service file of a web application
// in place.
func startWebApplication(t *testing.T) {
	t.Helper()
	showLogsOnFailure(t)
	startGoldapd(t)
	namesFromGoldap(t)
	writeFile(t, "/etc/pam.d/webapp", 0o644, strings.ReplaceAll(shipped(t, "webapp"), "pam_goldap.so", "pam_goldap.so nodelay"))
}

// TestPamela logs in as programs in Python do: from several threads at once, as
// root and as an ordinary user.
func TestPamela(t *testing.T) {
	startWebApplication(t)
	lines := []string{
		"alice " + person("alice").Password, "alice " + wrongPassword, "bob " + person("bob").Password,
		"nobody-there " + wrongPassword, "expired " + person("expired").Password, "carol " + person("carol").Password,
		"localsys " + systemPassword, "toor " + person("toor").Password,
	}
	want := []string{
		"alice: in", "alice: refused: [PAM Error 7]", "bob: in", "nobody-there: refused: [PAM Error 10]",
		"expired: refused: [PAM Error 13]", "carol: in", "localsys: refused: [PAM Error 10]", "toor: refused: [PAM Error 10]",
	}
	for name, uid := range map[string]uint32{"root": 0, "ordinary user": webUser} {
		t.Run(name, func(t *testing.T) {
			got := asUID(t, uid, strings.Join(lines, "\n")+"\n", "python3", "/goldap/test/integration/testdata/pamela_login.py", "webapp")
			got.accept(t)
			said := strings.Split(strings.TrimSpace(got.text), "\n")
			if len(said) != len(want) {
				t.Fatalf("said %q", got.text)
			}
			for i := range want {
				if !strings.HasPrefix(said[i], want[i]) {
					t.Errorf("said %q, want %q", said[i], want[i])
				}
			}
		})
	}
}

// hub is a running JupyterHub.
type hub struct{ address string }

// startHub starts JupyterHub as uid and waits until it serves its login page.
func startHub(t *testing.T, uid uint32) hub {
	t.Helper()
	dir := t.TempDir()
	must(t, os.Chown(dir, int(uid), int(uid)))
	must(t, os.Chmod(filepath.Dir(dir), 0o755))
	ctx, stop := context.WithCancel(context.Background())
	program := exec.CommandContext(ctx, "jupyterhub", "--config", "/goldap/test/integration/testdata/jupyterhub_config.py")
	program.Dir = dir
	program.Env = append(os.Environ(), "HUB_DIRECTORY="+dir, "HOME="+dir)
	program.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	program.Cancel = func() error { return program.Process.Signal(syscall.SIGTERM) }
	program.WaitDelay = 10 * time.Second
	log, err := os.Create(logFile(t, "jupyterhub"))
	must(t, err)
	program.Stdout, program.Stderr = log, log
	must(t, program.Start())
	t.Cleanup(func() {
		stop()
		_ = program.Wait() // it was told to end, and says so with a signal
		log.Close()
	})
	t.Cleanup(func() {
		if text, err := os.ReadFile(log.Name()); t.Failed() && err == nil {
			t.Logf("jupyterhub:\n%s", text)
		}
	})
	h := hub{"http://127.0.0.1:8081"}
	eventually(t, 30*time.Second, "the hub serves its login page", func() bool {
		page, err := http.Get(h.address + "/hub/login")
		if err != nil {
			return false
		}
		page.Body.Close()
		return page.StatusCode == http.StatusOK
	})
	return h
}

// logIn posts the login form as a browser does, and reports whether the hub
// then knows the visitor.
func (h hub) logIn(t *testing.T, user, password string) bool {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	browser := http.Client{Jar: jar, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	answer, err := browser.PostForm(h.address+"/hub/login", url.Values{"username": {user}, "password": {password}})
	must(t, err)
	answer.Body.Close()
	home, err := browser.Get(h.address + "/hub/home")
	must(t, err)
	home.Body.Close()
	posted, known := answer.StatusCode == http.StatusFound, home.StatusCode == http.StatusOK
	if posted != known {
		t.Errorf("%s: the form was answered with %s, the next page with %s", user, answer.Status, home.Status)
	}
	return known
}

// TestOnJupyterHub logs in over HTTP, with a hub that is an ordinary user's and
// with one that is root's.
func TestOnJupyterHub(t *testing.T) {
	startWebApplication(t)
	for name, uid := range map[string]uint32{"root": 0, "ordinary user": webUser} {
		t.Run(name, func(t *testing.T) {
			h := startHub(t, uid)
			for _, login := range []struct {
				user, password string
				in             bool
			}{
				{"alice", person("alice").Password, true},
				{"alice", wrongPassword, false},
				{"alice", "", false},
				{"nobody-there", wrongPassword, false},
				{"expired", person("expired").Password, false},
				{"bob", person("bob").Password, true},
			} {
				if in := h.logIn(t, login.user, login.password); in != login.in {
					t.Errorf("%s: in is %v", fmt.Sprintf("%s with %d characters", login.user, len(login.password)), in)
				}
			}
		})
	}
}
