// Package daemon starts nslcd and goldapd inside the private root of
// test/root, with the same directory in their configuration.
package daemon

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/goldap/goldap/test/root/slapd"
)

// Where the daemons and the module look for what.
const (
	NslcdConfig   = "/etc/nslcd.conf"
	NslcdSocket   = "/run/nslcd/socket"
	GoldapConfig  = "/etc/pam_ldap.conf"
	GoldapSecret  = "/etc/pam_ldap.secret"
	GoldapSocket  = "/run/goldap/socket"
	GoldapAdmin   = "/run/goldap/admin.sock"
	GoldapProgram = "/goldap/build/goldapd"
)

// Daemon is a running process of ours.
type Daemon struct {
	// LogFile is what it says on stdout and stderr.
	LogFile string

	process *exec.Cmd
}

// WriteNslcdConfig writes nslcd.conf as a careful site has it, and the lines in
// more.
func WriteNslcdConfig(caFile string, more ...string) error {
	lines := append([]string{
		"uid nslcd",
		"gid nslcd",
		"uri ldap://" + slapd.ServerName,
		"base " + slapd.Base,
		"binddn " + slapd.PseudouserDN,
		"bindpw " + slapd.PseudouserPassword,
		"ssl start_tls",
		"tls_reqcert demand",
		"tls_cacertfile " + caFile,
	}, more...)
	return os.WriteFile(NslcdConfig, []byte(strings.Join(lines, "\n")+"\n"), 0o600)
}

// WriteGoldapConfig writes PADL's pam_ldap.conf: the five lines that must work
// as they stand, the authority of our server, and the lines in more.
func WriteGoldapConfig(caFile string, more ...string) error {
	lines := append([]string{
		"host " + slapd.ServerName,
		"base " + slapd.Base,
		"binddn " + slapd.PseudouserDN,
		"bindpw " + slapd.PseudouserPassword,
		"ssl start_tls",
		"tls_cacertfile " + caFile,
	}, more...)
	return os.WriteFile(GoldapConfig, []byte(strings.Join(lines, "\n")+"\n"), 0o600)
}

// StartNslcd starts the stock daemon and waits until its socket answers.
func StartNslcd(ctx context.Context, logFile string, options ...string) (*Daemon, error) {
	// The package's tmpfiles entry would make this directory.
	if err := os.MkdirAll(filepath.Dir(NslcdSocket), 0o755); err != nil {
		return nil, err
	}
	chown := exec.CommandContext(ctx, "chown", "nslcd:nslcd", filepath.Dir(NslcdSocket))
	if said, err := chown.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("the directory of nslcd's socket: %w\n%s", err, said)
	}
	d, err := start(logFile, "nslcd", append([]string{"--nofork"}, options...)...)
	if err != nil {
		return nil, err
	}
	return d, d.ready(ctx, NslcdSocket)
}

// StartGoldapd starts goldapd on sockets and waits until all of them answer. With
// its usual one among them it has the admin API in its usual place, too.
func StartGoldapd(ctx context.Context, logFile, config string, sockets ...string) (*Daemon, error) {
	arguments := []string{"--config", config}
	for _, socket := range sockets {
		if err := os.MkdirAll(filepath.Dir(socket), 0o755); err != nil {
			return nil, err
		}
		arguments = append(arguments, "--socket", socket)
		if socket == GoldapSocket {
			arguments = append(arguments, "--admin-socket", GoldapAdmin)
		}
	}
	d, err := start(logFile, GoldapProgram, arguments...)
	if err != nil {
		return nil, err
	}
	return d, d.ready(ctx, sockets...)
}

// StartGoldapdAsConfigured starts goldapd on the sockets of its configuration,
// which are these, and waits until all of them answer.
func StartGoldapdAsConfigured(ctx context.Context, logFile, config string, sockets ...string) (*Daemon, error) {
	d, err := start(logFile, GoldapProgram, "--config", config)
	if err != nil {
		return nil, err
	}
	return d, d.ready(ctx, sockets...)
}

// Stop ends the daemon in an orderly way. The stock nslcd sometimes aborts in its
// last moments ("thread 0 is still running, shutting down anyway"), which says
// nothing about what it answered before.
func (d *Daemon) Stop() error {
	if err := d.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	err := d.process.Wait()
	status, ok := d.process.ProcessState.Sys().(syscall.WaitStatus)
	if ok && filepath.Base(d.process.Path) == "nslcd" && status.Signaled() && status.Signal() == syscall.SIGABRT {
		return nil
	}
	return err
}

// Kill ends the daemon without warning.
func (d *Daemon) Kill() error {
	if err := d.process.Process.Kill(); err != nil {
		return err
	}
	var killed *exec.ExitError
	if err := d.process.Wait(); !errors.As(err, &killed) {
		return err
	}
	return nil
}

// Pid is the daemon's process id.
func (d *Daemon) Pid() int { return d.process.Process.Pid }

func start(logFile, program string, arguments ...string) (*Daemon, error) {
	log, err := os.OpenFile(logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	process := exec.Command(program, arguments...)
	process.Stdout, process.Stderr = log, log
	if err := process.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	return &Daemon{LogFile: logFile, process: process}, nil
}

// ready polls the sockets until each accepts a connection. A daemon that does
// not get there is killed, and its last words are in the error.
func (d *Daemon) ready(ctx context.Context, sockets ...string) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for _, socket := range sockets {
		for !accepts(socket) {
			select {
			case <-ctx.Done():
				return errors.Join(fmt.Errorf("%s does not answer; its log ends with\n%s",
					socket, lastLines(d.LogFile)), d.Kill())
			case <-again.C:
			}
		}
	}
	return nil
}

func accepts(socket string) bool {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

// lastLines returns the end of a log, for an error message.
func lastLines(path string) string {
	log, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer log.Close()
	if info, err := log.Stat(); err == nil && info.Size() > 2000 {
		if _, err := log.Seek(-2000, io.SeekEnd); err != nil {
			return err.Error()
		}
	}
	var lines strings.Builder
	for scanner := bufio.NewScanner(log); scanner.Scan(); {
		lines.WriteString("  " + scanner.Text() + "\n")
	}
	return lines.String()
}
