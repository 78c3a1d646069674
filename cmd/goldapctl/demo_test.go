package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/embedded"
)

// fakeDaemon makes this test program behave as a goldapd.
const fakeDaemon = "GOLDAPCTL_TEST_DAEMON"

func TestMain(m *testing.M) {
	switch os.Getenv(fakeDaemon) {
	case "":
		testscript.Main(cleaned{m}, map[string]func(){"goldapctl": main})
	case "ready":
		fmt.Fprintln(os.Stderr, "already reading the configuration")
		fmt.Fprintln(os.Stderr, "ready")
		wait()
	case "silent":
		fmt.Fprintln(os.Stderr, "already at work")
		wait()
	case "broken":
		fmt.Fprintln(os.Stderr, "pam_ldap.conf:1: no such keyword")
		os.Exit(1)
	}
}

// cleaned removes what the tests built once for all.
type cleaned struct{ *testing.M }

func (c cleaned) Run() int {
	status := c.M.Run()
	if removeAtEnd != "" {
		_ = os.RemoveAll(removeAtEnd)
	}
	return status
}

// wait outlives every test: only a signal ends it before.
func wait() { <-time.After(time.Hour) }

func startFake(t *testing.T, ctx context.Context, kind string) (*daemon, error) {
	t.Helper()
	t.Setenv(fakeDaemon, kind)
	return startDaemon(ctx, os.Args[0], "/dev/null", "/dev/null", filepath.Join(t.TempDir(), "log"))
}

func TestDaemonIsEndedAndReaped(t *testing.T) {
	for name, end := range map[string]func(*daemon){"kill": (*daemon).kill, "stop": (*daemon).stop} {
		t.Run(name, func(t *testing.T) {
			d, err := startFake(t, t.Context(), "ready")
			if err != nil {
				t.Fatal(err)
			}
			if !d.running() {
				t.Error("not running")
			}
			end(d)
			if d.running() || d.cmd.ProcessState == nil || syscall.Kill(d.pid(), 0) != syscall.ESRCH {
				t.Error("the process is still there")
			}
			end(d) // again does no harm
			if !strings.Contains(d.logTail(), "ready") {
				t.Errorf("log: %q", d.logTail())
			}
		})
	}
}

func TestDaemonThatDoesNotComeUp(t *testing.T) {
	_, err := startFake(t, t.Context(), "broken")
	if err == nil || !strings.Contains(err.Error(), "no such keyword") || !strings.Contains(err.Error(), "exit status 1") {
		t.Errorf("broken: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	d, err := startFake(t, ctx, "silent")
	if !errors.Is(err, context.DeadlineExceeded) || d.running() {
		t.Errorf("silent: %v", err)
	}
	if _, err := startDaemon(t.Context(), "/no/such/goldapd", "", "", filepath.Join(t.TempDir(), "log")); err == nil {
		t.Error("a missing program was started")
	}
}

// newTestSite is a site with its directory and files, but no daemon.
func newTestSite(t *testing.T) *site {
	t.Helper()
	s := layOut(t.TempDir(), artefacts{module: "/opt/goldap/pam_goldap.so", daemon: "/opt/goldap/goldapd"})
	var err error
	if s.directory, err = embedded.Start(t.Context(), demoDirectory()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	if err := s.writeFiles(); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDemoConfigurationIsTheOneOfARealSite(t *testing.T) {
	s := newTestSite(t)
	real := []string{"base dc=mydomain,dc=com", "binddn uid=app_backtraceio,ou=pseudousers,dc=mydomain,dc=com",
		"bindpw Password1234!", "ssl start_tls"}
	for _, line := range real {
		if !strings.Contains("\n"+s.configText(), "\n"+line+"\n") {
			t.Errorf("the line %q is missing", line)
		}
	}
	if got := strings.Count(s.configText(), "\n"); got != len(real)+2 {
		t.Errorf("%d lines, want two besides those of a real site", got)
	}
	cfg, err := config.Load(s.config)
	if err != nil || len(cfg.Warnings) != 0 {
		t.Errorf("the configuration does not load: %v, %v", err, cfg)
	}
	info, err := os.Stat(s.config)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestServiceFile(t *testing.T) {
	s := newTestSite(t)
	data, err := os.ReadFile(filepath.Join(s.confdir, "coronerd"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if !strings.Contains(line, " required /opt/goldap/pam_goldap.so config="+s.config+" socket="+s.socket) {
			t.Errorf("line %q", line)
		}
	}
	if strings.Count(string(data), "\n") != 4 {
		t.Errorf("service file: %s", data)
	}
}

func TestPathsThatCannotBe(t *testing.T) {
	for name, s := range map[string]*site{
		"long":   layOut("/tmp/"+strings.Repeat("x", 100), artefacts{module: "/m"}),
		"blank":  layOut("/tmp/a b", artefacts{module: "/m"}),
		"module": layOut("/tmp/d", artefacts{module: "/my modules/m"}),
	} {
		if err := s.checkPaths(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := layOut("/tmp/d", artefacts{module: "/m"}).checkPaths(); err != nil {
		t.Error(err)
	}
}

func TestStepsAreJudged(t *testing.T) {
	for name, test := range map[string]struct {
		wantShown string
		got       string
		shown     []string
		ok        bool
	}{
		"silent success":        {"", "PAM_SUCCESS", nil, true},
		"chatty success":        {"", "PAM_SUCCESS", []string{"hello"}, false},
		"other result":          {"", "PAM_AUTH_ERR", nil, false},
		"message as announced":  {"expired", "PAM_SUCCESS", []string{"It has expired."}, true},
		"other message":         {"expired", "PAM_SUCCESS", []string{"It is locked."}, false},
		"message without words": {"expired", "PAM_SUCCESS", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			run := func(context.Context) came { return came{got: test.got, shown: test.shown} }
			var out bytes.Buffer
			done := takeSteps(t.Context(), &out, []step{{"a step", "PAM_SUCCESS", test.wantShown, run}})
			summarize(&out, done)
			if done[0].asAnnounced() != test.ok || strings.Contains(out.String(), "NOT AS ANNOUNCED") == test.ok {
				t.Errorf("judged %v:\n%s", done[0].asAnnounced(), out.String())
			}
		})
	}
}

func TestStoppedDemoFails(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := newTestSite(t)
	done := takeSteps(ctx, &bytes.Buffer{}, s.steps())
	if err := verdictOn(ctx, done, s); len(done) != 0 || statusOf(err) != exitNegative {
		t.Errorf("%d steps, %v", len(done), err)
	}
}
