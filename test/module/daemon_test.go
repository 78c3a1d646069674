package module

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// daemon is goldapd as a child of this process.
type daemon struct {
	t     *testing.T
	cmd   *exec.Cmd
	ended chan struct{}

	mu  sync.Mutex
	log strings.Builder
}

// startDaemon starts goldapd on the site's socket and returns when it says
// that it is ready. It is ended with the test.
func (s *site) startDaemon() *daemon {
	s.t.Helper()
	d := &daemon{t: s.t, ended: make(chan struct{}), cmd: exec.Command(daemonPath, "--config", s.config, "--socket", s.socket)}
	stderr, err := d.cmd.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	ready := make(chan struct{})
	go d.follow(bufio.NewReader(stderr), ready)
	s.t.Cleanup(d.kill)
	select {
	case <-ready:
	case <-d.ended:
		s.t.Fatalf("goldapd ended: %s", d.text())
	case <-s.t.Context().Done():
		s.t.Fatal("goldapd did not get ready")
	}
	return d
}

// follow keeps what goldapd says, and reaps it.
func (d *daemon) follow(lines *bufio.Reader, ready chan<- struct{}) {
	for {
		line, err := lines.ReadString('\n')
		d.mu.Lock()
		d.log.WriteString(line)
		d.mu.Unlock()
		if ready != nil && strings.Contains(line, "ready") {
			close(ready)
			ready = nil
		}
		if err != nil {
			break
		}
	}
	_ = d.cmd.Wait()
	close(d.ended)
}

func (d *daemon) text() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.String()
}

// kill ends goldapd as a crash would and returns when it is gone.
func (d *daemon) kill() {
	_ = d.cmd.Process.Signal(os.Kill)
	<-d.ended
}

// hang stops goldapd: it keeps its sockets and answers nobody.
func (d *daemon) hang() {
	d.t.Helper()
	if err := d.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		d.t.Fatal(err)
	}
}

// stop ends goldapd as systemd would, with all that it has to say.
func (d *daemon) stop() {
	d.t.Helper()
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		d.t.Fatal(err)
	}
	<-d.ended
}
