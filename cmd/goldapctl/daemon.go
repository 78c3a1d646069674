package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"syscall"
	"time"
)

const (
	// readyTimeout is how long goldapd may take to say that it is ready.
	readyTimeout = 15 * time.Second
	// stopTimeout is how long it may take to end when asked to.
	stopTimeout = 5 * time.Second
)

// readyLine is what goldapd says on stderr when it can be asked.
var readyLine = regexp.MustCompile(`\bready\b`)

// daemon is a goldapd that this program started.
type daemon struct {
	cmd     *exec.Cmd
	logPath string
	ready   chan struct{}
	// ended is closed when the process is gone and reaped.
	ended chan struct{}
}

// startDaemon starts goldapd and returns when it has said that it is ready.
// What it writes to stderr goes to the file logPath. more are further arguments.
func startDaemon(ctx context.Context, binary, configPath, socket, logPath string, more ...string) (*daemon, error) {
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening goldapd's log: %w", err)
	}
	d := &daemon{
		cmd:     exec.Command(binary, append([]string{"--config", configPath, "--socket", socket}, more...)...),
		logPath: logPath,
		ready:   make(chan struct{}),
		ended:   make(chan struct{}),
	}
	// Its own process group: Ctrl-C on the terminal is for this program, which
	// ends the daemon in its own time.
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stderr, err := d.cmd.StderrPipe()
	if err != nil {
		log.Close()
		return nil, fmt.Errorf("starting goldapd: %w", err)
	}
	if err := d.cmd.Start(); err != nil {
		log.Close()
		return nil, fmt.Errorf("starting goldapd: %w", err)
	}
	go d.follow(stderr, log)
	return d, d.awaitReady(ctx)
}

// follow copies the log until goldapd ends, and reaps it.
func (d *daemon) follow(stderr io.Reader, log io.WriteCloser) {
	lines := bufio.NewReader(stderr)
	isReady := false
	for {
		line, err := lines.ReadString('\n')
		_, _ = io.WriteString(log, line)
		if !isReady && readyLine.MatchString(line) {
			isReady = true
			close(d.ready)
		}
		if err != nil {
			break
		}
	}
	_ = d.cmd.Wait()
	log.Close()
	close(d.ended)
}

// awaitReady ends the daemon if it does not come up.
func (d *daemon) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	select {
	case <-d.ready:
		return nil
	case <-d.ended:
		return fmt.Errorf("goldapd ended before it was ready (%s):\n%s", d.cmd.ProcessState, d.logTail())
	case <-ctx.Done():
		d.kill()
		return fmt.Errorf("goldapd did not say that it is ready: %w\n%s", ctx.Err(), d.logTail())
	}
}

// logTail is the end of the log, for messages.
func (d *daemon) logTail() string {
	const most = 2000
	data, err := os.ReadFile(d.logPath)
	if err != nil {
		return err.Error()
	}
	return string(data[max(0, len(data)-most):])
}

// kill ends the daemon as a crash would, and returns when it is gone.
func (d *daemon) kill() {
	d.signal(syscall.SIGKILL)
	<-d.ended
}

// stop asks the daemon to end, and insists if it does not.
func (d *daemon) stop() {
	d.signal(syscall.SIGTERM)
	select {
	case <-d.ended:
	case <-time.After(stopTimeout):
		d.kill()
	}
}

// signal has no error to return: a process of one's own can be signalled
// until it is reaped, and after that there is nothing left to end.
func (d *daemon) signal(s syscall.Signal) { _ = d.cmd.Process.Signal(s) }

// pid is for the messages of the demo.
func (d *daemon) pid() int { return d.cmd.Process.Pid }

// running reports whether the process has not ended.
func (d *daemon) running() bool {
	select {
	case <-d.ended:
		return false
	default:
		return true
	}
}
