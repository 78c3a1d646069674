//go:build integration

package packages

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

const sshAddress = "127.0.0.1:2222"

// startSSHD starts the machine's own sshd with its own service file; only the port
// and the host key are ours, and that root may use a password.
func (m machine) startSSHD(t *testing.T) {
	t.Helper()
	m.shell(t, `[ -e /etc/ssh/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key`)
	m.start(t, "/var/log/sshd", "/usr/sbin/sshd", "-D", "-e", "-o", "ListenAddress="+sshAddress, "-o", "PidFile=none",
		"-o", "PermitRootLogin=yes", "-o", "UsePAM=yes", "-o", "PasswordAuthentication=yes", "-o", "LogLevel=VERBOSE")
	eventually(t, 10*time.Second, "sshd listens", func() bool {
		conn, err := net.Dial("tcp", sshAddress)
		return err == nil && conn.Close() == nil
	})
}

func dial(name, password string) (*ssh.Client, error) {
	return ssh.Dial("tcp", sshAddress, &ssh.ClientConfig{
		User: name, Auth: []ssh.AuthMethod{ssh.Password(password)}, Timeout: 20 * time.Second,
		HostKeyCallback: ssh.InsecureIgnoreHostKey(), // it is ours, on loopback
	})
}

// logsIn is a whole login through sshd by password, or a refusal.
func logsIn(t *testing.T, step, name, password string, want bool) {
	t.Helper()
	out, err := func() (string, error) {
		client, err := dial(name, password)
		if err != nil {
			return "", err
		}
		defer client.Close()
		session, err := client.NewSession()
		if err != nil {
			return "", err
		}
		out, err := session.Output("id -un")
		return string(out), err
	}()
	switch {
	case want && (err != nil || out != name+"\n"):
		t.Errorf("%s: %s does not log in: %q, %v", step, name, out, err)
	case !want && err == nil:
		t.Errorf("%s: %s logs in", step, name)
	}
}

// localUsersLogIn is what no package may ever break.
func localUsersLogIn(t *testing.T, step string) {
	t.Helper()
	logsIn(t, step, "root", rootPassword, true)
	logsIn(t, step, localUser, localPassword, true)
}

// shellSession is a login that stays open.
type shellSession struct {
	client *ssh.Client
	stdin  io.Writer
	lines  *bufio.Scanner
}

func openSession(t *testing.T, name, password string) shellSession {
	t.Helper()
	client, err := dial(name, password)
	must(t, err)
	t.Cleanup(func() { client.Close() })
	session, err := client.NewSession()
	must(t, err)
	stdin, err := session.StdinPipe()
	must(t, err)
	stdout, err := session.StdoutPipe()
	must(t, err)
	must(t, session.Start("exec sh"))
	return shellSession{client, stdin, bufio.NewScanner(stdout)}
}

// lives fails the test unless the session still does what it is told.
func (s shellSession) lives(t *testing.T, step string) {
	t.Helper()
	mark := strings.ReplaceAll(step, " ", "-")
	if _, err := fmt.Fprintf(s.stdin, "echo %s-$((6*7))\n", mark); err != nil {
		t.Fatalf("%s: the open session is dead: %v", step, err)
	}
	if !s.lines.Scan() || s.lines.Text() != mark+"-42" {
		t.Fatalf("%s: the open session says %q, %v", step, s.lines.Text(), s.lines.Err())
	}
}
