package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// asDaemon makes this test binary be goldapd.
const asDaemon = "GOLDAPD_TEST_BE_THE_DAEMON"

func TestMain(m *testing.M) {
	if os.Getenv(asDaemon) != "" {
		main()
	}
	os.Exit(m.Run())
}

// process is a goldapd that a test started.
type process struct {
	t   *testing.T
	cmd *exec.Cmd
	// news carries one value for each line that was added to log.
	news chan struct{}
	mu   sync.Mutex
	log  strings.Builder
}

// launch starts goldapd with these arguments. It is ended after the test.
func launch(t *testing.T, args ...string) *process {
	t.Helper()
	return start(t, exec.Command(os.Args[0], args...))
}

// start is launch for a command that becomes goldapd, with its environment
// added to this one.
func start(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd, news: make(chan struct{}, 1)}
	p.cmd.Env = append(append(os.Environ(), asDaemon+"=1"), cmd.Env...)
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		p.wait()
	})
	go func() {
		defer close(p.news)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			p.mu.Lock()
			fmt.Fprintln(&p.log, lines.Text())
			p.mu.Unlock()
			select {
			case p.news <- struct{}{}:
			default:
			}
		}
	}()
	return p
}

func (p *process) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// waitFor returns when the log says word.
func (p *process) waitFor(word string) {
	p.t.Helper()
	timeout := time.After(20 * time.Second)
	for !strings.Contains(p.text(), word) {
		select {
		case _, more := <-p.news:
			if !more && !strings.Contains(p.text(), word) {
				p.t.Fatalf("goldapd ended without saying %q:\n%s", word, p.text())
			}
		case <-timeout:
			p.t.Fatalf("goldapd does not say %q:\n%s", word, p.text())
		}
	}
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// wait returns the exit status.
func (p *process) wait() int {
	p.t.Helper()
	for range p.news { // everything must have been read before Wait
	}
	_ = p.cmd.Wait()
	return p.cmd.ProcessState.ExitCode()
}

// configFile writes a configuration file, with mode 0600, and returns its path.
func configFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	rewrite(t, path, text)
	return path
}

func rewrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func withTimeout(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}
