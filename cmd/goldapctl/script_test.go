package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/goldap/goldap/pkg/embedded"
)

// update writes what cannot be written by hand: the texts that scripts compare
// with, and the generated manual.
var update = flag.Bool("update", false, "write the golden files and the manual anew")

// The scripts in testdata/script use goldapctl as people do, one script for each
// verb; TestEveryVerbHasAScript misses those that are not there. Beside the
// commands of testscript they have:
//
//	goldapctl ARGUMENT...         this program
//	goldapd ARGUMENT...           the daemon, as it was built for the test
//	goldapd start [CONFIG]        the daemon in the background, on $SOCKET and with
//	                              the admin API on $ADMIN, with goldap.toml or
//	                              CONFIG; its log is goldapd.log
//	goldapd stop|kill|reload      ends it with SIGTERM or SIGKILL, or sends SIGHUP
//	directory [start]             a directory with the users of the demo, which
//	                              insists on StartTLS: writes goldap.toml, ca.pem
//	                              and bind.secret, and sets $URI, $BASE and $BIND_DN
//	directory stop                takes it away
//	artefacts                     builds pam_goldap.so and goldapd into $BUILD
//	exits STATUS COMMAND...       runs a command that must end with this status
//	until PATTERN COMMAND...      runs a command that succeeds until its output has
//	                              a line that matches, for five seconds at most
//	json FILE [PATH VALUE]        FILE (or stdout) is JSON and at PATH, such as
//	                              .servers.0.uri, has VALUE
//	normalise FROM TO             copies FROM (or stdout) to TO, and puts TIME,
//	                              DATE, ADDRESS and $WORK where those differ
//
// $NSSWITCH is the packages' script for nsswitch.conf.
//
// "[root]" is true if the test runs as root. HOME and the sockets are the
// script's own; nothing may touch the machine's. A password is given with stdin:
// ttyin types too early, and readPassword throws away what was typed before it asked.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                filepath.Join("testdata", "script"),
		RequireUniqueNames: true,
		UpdateScripts:      *update,
		Deadline:           time.Now().Add(5 * time.Minute),
		Setup:              setUpScript,
		Condition:          scriptCondition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"artefacts": scriptArtefacts,
			"directory": scriptDirectory,
			"exits":     scriptExits,
			"goldapd":   scriptDaemon,
			"json":      scriptJSON,
			"normalise": scriptNormalise,
			"until":     scriptUntil,
		},
	})
}

// scriptSite is what a script has running.
type scriptSite struct {
	directory *embedded.Directory
	daemon    *daemon
}

func siteOf(ts *testscript.TestScript) *scriptSite { return ts.Value(scriptSite{}).(*scriptSite) }

func setUpScript(env *testscript.Env) error {
	s := &scriptSite{}
	env.Values[scriptSite{}] = s
	env.Defer(func() {
		if s.daemon != nil {
			s.daemon.stop()
		}
		if s.directory != nil {
			_ = s.directory.Close()
		}
	})
	env.Setenv("SOCKET", filepath.Join(env.WorkDir, "socket"))
	env.Setenv("ADMIN", filepath.Join(env.WorkDir, "admin.sock"))
	env.Setenv("HOME", env.WorkDir)
	script, err := filepath.Abs(filepath.Join("..", "..", "packaging", "nsswitch"))
	if err != nil {
		return err
	}
	env.Setenv("NSSWITCH", script)
	env.Setenv("LC_ALL", "C.UTF-8")
	return nil
}

func scriptCondition(condition string) (bool, error) {
	if condition == "root" {
		return os.Geteuid() == 0, nil
	}
	return false, fmt.Errorf("there is no condition %q", condition)
}

// builtDaemon is the path of a goldapd, built when the first script wants one.
var builtDaemon = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "goldapctl-test-")
	if err != nil {
		return "", err
	}
	removeAtEnd = dir
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "goldapd"), "../goldapd")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build goldapd: %w\n%s", err, said)
	}
	return filepath.Join(dir, "goldapd"), nil
})

// removeAtEnd is a folder that TestMain removes.
var removeAtEnd string

func scriptDaemon(ts *testscript.TestScript, neg bool, args []string) {
	binary, err := builtDaemon()
	ts.Check(err)
	s := siteOf(ts)
	verb := ""
	if len(args) > 0 {
		verb = args[0]
	}
	switch {
	case verb == "start" && !neg:
		config := append(args[1:], "goldap.toml")[0]
		ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
		defer cancel()
		s.daemon, err = startDaemon(ctx, binary, ts.MkAbs(config), ts.Getenv("SOCKET"), ts.MkAbs("goldapd.log"), "--admin-socket", ts.Getenv("ADMIN"))
		ts.Check(err)
	case s.daemon != nil && verb == "stop":
		s.daemon.stop()
	case s.daemon != nil && verb == "kill":
		s.daemon.kill()
	case s.daemon != nil && verb == "reload":
		s.daemon.signal(syscall.SIGHUP)
	default:
		endedAsWanted(ts, neg, ts.Exec(binary, args...))
	}
}

// endedAsWanted holds the end of a command against what "!" says of it.
func endedAsWanted(ts *testscript.TestScript, neg bool, err error) {
	if neg && err == nil {
		ts.Fatalf("the command succeeded")
	}
	if !neg {
		ts.Check(err)
	}
}

func scriptDirectory(ts *testscript.TestScript, _ bool, args []string) {
	s := siteOf(ts)
	if len(args) == 1 && args[0] == "stop" && s.directory != nil {
		ts.Check(s.directory.Close())
		return
	}
	if s.directory != nil || len(args) > 1 || len(args) == 1 && args[0] != "start" {
		ts.Fatalf("usage: directory [start|stop], once each")
	}
	var err error
	s.directory, err = embedded.Start(context.Background(), demoDirectory())
	ts.Check(err)
	ts.Check(s.directory.WriteCAFile(ts.MkAbs("ca.pem")))
	ts.Setenv("URI", s.directory.URI())
	ts.Setenv("BASE", demoBase)
	ts.Setenv("BIND_DN", demoPseudouser)
	for name, text := range map[string]string{
		"bind.secret": demoPseudouserPassword + "\n",
		"goldap.toml": fmt.Sprintf("[[directory]]\nname = \"demo\"\nuris = [%q]\nbase = %q\nbind_dn = %q\nbind_password_file = \"bind.secret\"\n\n"+
			"[directory.tls]\nmode = \"start_tls\"\nca_file = %q\n", s.directory.URI(), demoBase, demoPseudouser, ts.MkAbs("ca.pem")),
	} {
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
	}
}

// scriptArtefacts builds what "make" builds, in a folder of the script's own.
func scriptArtefacts(ts *testscript.TestScript, _ bool, _ []string) {
	build := ts.MkAbs("build")
	ts.Setenv("BUILD", build)
	command := exec.Command("make", "-C", filepath.Join("..", ".."), "BUILD="+build, build+"/pam_goldap.so", build+"/goldapd")
	if said, err := command.CombinedOutput(); err != nil {
		ts.Fatalf("%s: %v\n%s", command, err, said)
	}
}

func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	command := args[1]
	if command == "goldapd" {
		command, err = builtDaemon()
		ts.Check(err)
	}
	status := 0
	err = ts.Exec(command, args[2:]...)
	if ended := (*exec.ExitError)(nil); errors.As(err, &ended) {
		status = ended.ExitCode()
	} else {
		ts.Check(err)
	}
	if status != want {
		ts.Fatalf("exit status %d, want %d", status, want)
	}
}

func scriptUntil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until PATTERN COMMAND...")
	}
	pattern, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		ts.Check(ts.Exec(args[1], args[2:]...))
		if pattern.MatchString(ts.ReadFile("stdout")) {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("there is no line with %q", args[0])
		}
	}
}

func scriptJSON(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 && len(args) != 3 {
		ts.Fatalf("usage: json FILE [PATH VALUE]")
	}
	var value any
	decoder := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	decoder.UseNumber()
	ts.Check(decoder.Decode(&value))
	if decoder.More() {
		ts.Fatalf("there is something behind the JSON")
	}
	if len(args) == 1 {
		return
	}
	found, err := jsonAt(value, args[1])
	ts.Check(err)
	if found != args[2] {
		ts.Fatalf("%s is %s, want %s", args[1], found, args[2])
	}
}

// jsonAt is the value at a path such as .servers.0.uri, as text.
func jsonAt(value any, path string) (string, error) {
	for step := range strings.SplitSeq(strings.TrimPrefix(path, "."), ".") {
		switch v := value.(type) {
		case map[string]any:
			inner, ok := v[step]
			if !ok {
				return "", fmt.Errorf("%s: there is no %q in %v", path, step, v)
			}
			value = inner
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(v) {
				return "", fmt.Errorf("%s: there is no element %q of %d", path, step, len(v))
			}
			value = v[i]
		default:
			return "", fmt.Errorf("%s: %v has no parts", path, v)
		}
	}
	return fmt.Sprint(value), nil
}

// variable are the things that differ from run to run. A time takes the blanks
// before it with it, which align it.
var variable = []struct {
	pattern     *regexp.Regexp
	replacement string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?(Z|UTC|[+-]\d\d:?\d\d))?`), "DATE"},
	{regexp.MustCompile(`(^|[\s(]) *\d+(\.\d+)? ?(ns|µs|us|ms|s)\b`), "${1}TIME"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "ADDRESS"},
}

func scriptNormalise(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: normalise FROM TO")
	}
	text := strings.ReplaceAll(ts.ReadFile(args[0]), ts.Getenv("WORK"), "$WORK")
	for _, n := range variable {
		text = n.pattern.ReplaceAllString(text, n.replacement)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
}

func TestNormalise(t *testing.T) {
	for text, want := range map[string]string{
		"   1.503 ms  found":              "TIME  found",
		"took 12.0 ms\n  3s":              "took TIME\nTIME",
		"at 2026-01-02T03:04:05.678Z, no": "at DATE, no",
		"ldap://127.0.0.1:38911/":         "ldap://ADDRESS/",
		"3 servers":                       "3 servers",
	} {
		for _, n := range variable {
			text = n.pattern.ReplaceAllString(text, n.replacement)
		}
		if text != want {
			t.Errorf("%q, want %q", text, want)
		}
	}
}
