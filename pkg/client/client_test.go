package client_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/client"
	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/goldap/goldap/pkg/secret"
	"github.com/goldap/goldap/test/wire"
)

// serve returns a client of a socket on which answer handles every
// connection.
func serve(t *testing.T, answer func(net.Conn)) *client.Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "socket")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			answer(conn)
			conn.Close()
		}
	}()
	return client.New(path)
}

// replay answers the golden request of this name with its golden response, and
// anything else with nothing.
func replay(t *testing.T, name string) *client.Client {
	t.Helper()
	for _, frame := range wire.Read(t, "lookups.txt", "pam.txt", "usermod.txt", "about.txt") {
		if frame.Name != name {
			continue
		}
		return serve(t, func(conn net.Conn) {
			request := make([]byte, len(frame.Request))
			if _, err := io.ReadFull(conn, request); err != nil || !bytes.Equal(request, frame.Request) {
				t.Errorf("%s: request %x, %v\nwant %x", name, request, err, frame.Request)
				return
			}
			_, _ = conn.Write(frame.Response)
		})
	}
	t.Fatalf("there is no frame %s", name)
	return nil
}

func withTimeout(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

var (
	ada       = account.Account{Name: "ada", UID: 20001, GID: 20000, Gecos: "Ada Lovelace", Home: "/home/ada", Shell: "/bin/bash"}
	engineers = account.Group{Name: "engineers", GID: 20100, Members: []string{"ada", "grace"}}
	sshd      = nslcd.PAM{User: "ada", Service: "sshd", RHost: "client.example.org", TTY: "ssh"}
	passwd    = nslcd.PAM{User: "ada", Service: "passwd", TTY: "pts/0"}
)

func forUser(pam nslcd.PAM, user string) nslcd.PAM {
	pam.User = user
	return pam
}

type ask func(context.Context, *client.Client) (any, error)

func authenticate(user, password string) ask {
	return func(ctx context.Context, c *client.Client) (any, error) {
		return c.Authenticate(ctx, forUser(sshd, user), secret.FromString(password))
	}
}

func change(user, old, next string, asRoot bool) ask {
	return func(ctx context.Context, c *client.Client) (any, error) {
		return c.ChangePassword(ctx, client.Change{PAM: forUser(passwd, user),
			Old: secret.FromString(old), New: secret.FromString(next), AsRoot: asRoot})
	}
}

func modify(user, password string, asRoot bool, fields ...nslcd.FieldValue) ask {
	return func(ctx context.Context, c *client.Client) (any, error) {
		return c.ModifyUser(ctx, client.Modify{User: user, Password: secret.FromString(password), AsRoot: asRoot, Fields: fields})
	}
}

func authorize(user string) ask {
	return func(ctx context.Context, c *client.Client) (any, error) { return c.Authorize(ctx, forUser(sshd, user)) }
}

func passwdByName(name string) ask {
	return func(ctx context.Context, c *client.Client) (any, error) { return c.PasswdByName(ctx, name) }
}

func groupsOfMember(name string) ask {
	return func(ctx context.Context, c *client.Client) (any, error) { return c.GroupsOfMember(ctx, name) }
}

func groupPaths(name string) ask {
	return func(ctx context.Context, c *client.Client) (any, error) { return c.GroupPaths(ctx, name) }
}

const adasKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINyG9g6gUd940AXQ/7j8PU4thxwLURQhAj53KnPP6zgB ada"

func sshKeys(name string) ask {
	return func(ctx context.Context, c *client.Client) (any, error) { return c.SSHKeys(ctx, name) }
}

func TestAnswers(t *testing.T) {
	noMembers := engineers
	noMembers.Members = nil
	for name, test := range map[string]struct {
		ask  ask
		want any
	}{
		"passwd-by-name": {passwdByName("ada"), ada},
		"passwd-by-uid":  {func(ctx context.Context, c *client.Client) (any, error) { return c.PasswdByUID(ctx, 20001) }, ada},
		"group-by-name":  {func(ctx context.Context, c *client.Client) (any, error) { return c.GroupByName(ctx, "engineers") }, engineers},
		"group-by-gid":   {func(ctx context.Context, c *client.Client) (any, error) { return c.GroupByGID(ctx, 20100) }, engineers},
		"groups-of-member": {groupsOfMember("ada"),
			[]account.Group{noMembers, {Name: "empty", GID: 20101}}},
		"groups-of-member-none": {groupsOfMember("nobody-there"), []account.Group(nil)},
		"group-paths": {groupPaths("ada"), []account.Membership{
			{Group: account.Group{Name: "engineers", GID: 20100}, Path: []string{"engineers"}},
			{Group: account.Group{Name: "empty", GID: 20101}, Path: []string{"engineers", "empty"}}, {Group: account.Group{Name: "ops", GID: 7001}},
		}},
		"ssh-keys":      {sshKeys("ada"), []string{adasKey, `command="true" ` + adasKey}},
		"ssh-keys-none": {sshKeys("max"), []string(nil)},
		"shadow-by-name": {func(ctx context.Context, c *client.Client) (any, error) { return c.ShadowByName(ctx, "ada") },
			account.Shadow{Name: "ada", LastChange: 20000, Min: 1, Max: 90, Warn: 7, Inactive: 30, Expire: 21000}},
		"config-prohibit": {func(ctx context.Context, c *client.Client) (any, error) {
			return c.Config(ctx, nslcd.OptionProhibitMessage)
		}, "Change it on the web site."},
		"authenticate":                {authenticate("ada", "correct horse"), nslcd.Authentication{User: "ada"}},
		"authenticate-wrong-password": {authenticate("ada", "wrong"), nslcd.Authentication{Code: nslcd.CodeAuthErr, User: "ada"}},
		"authenticate-must-change": {authenticate("reset", "correct horse"), nslcd.Authentication{User: "reset",
			Authorization: nslcd.CodeNewAuthtokReqd, Message: "You must change your password now."}},
		"authenticate-administrator": {authenticate("", "root horse"), nslcd.Authentication{}},
		"authorize-not-allowed": {authorize("barred"),
			nslcd.Verdict{Code: nslcd.CodePermDenied, Message: "You are not allowed to log in here."}},
		"password":         {change("ada", "correct horse", "battery staple", false), nslcd.Verdict{}},
		"password-as-root": {change("ada", "root horse", "battery staple", true), nslcd.Verdict{}},
		"password-refused": {change("ada", "correct horse", "short", false),
			nslcd.Verdict{Code: nslcd.CodeAuthtokErr, Message: "The password is too short."}},
		"usermod-home-and-bad-shell": {modify("ada", "correct horse", false, nslcd.FieldValue{Field: nslcd.FieldHome, Text: "/srv/ada"},
			nslcd.FieldValue{Field: nslcd.FieldShell, Text: "/bin/no"}), []nslcd.FieldValue{{Field: nslcd.FieldShell, Text: "invalid shell"}}},
		"usermod-as-root": {modify("ada", "root horse", true, nslcd.FieldValue{Field: nslcd.FieldShell, Text: "/bin/no"}), []nslcd.FieldValue(nil)},
		"session-open": {func(ctx context.Context, c *client.Client) (any, error) { return c.OpenSession(ctx, sshd) },
			"OEF5AZP4LN3XKJ6TQ2WV7BYMHC"},
		"session-close": {func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.CloseSession(ctx, sshd, "OEF5AZP4LN3XKJ6TQ2WV7BYMHC")
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := test.ask(withTimeout(t), replay(t, name))
			if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
				t.Errorf("error %v, (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestNotFoundIsNotUnavailable(t *testing.T) {
	for name, ask := range map[string]ask{
		"passwd-by-name-unknown":    passwdByName("nobody-there"),
		"ssh-keys-unknown":          sshKeys("nobody"),
		"authenticate-unknown-user": authenticate("nobody-there", "correct horse"),
		"authorize-unknown-user":    authorize("nobody-there"),
		"usermod-unknown-user":      modify("nobody-there", "correct horse", false, nslcd.FieldValue{Field: nslcd.FieldShell, Text: "/bin/sh"}),
		"password-unknown-user":     change("nobody-there", "correct horse", "battery staple", false),
	} {
		if got, err := ask(withTimeout(t), replay(t, name)); !errors.Is(err, client.ErrNotFound) || errors.Is(err, client.ErrUnavailable) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for name, ask := range map[string]ask{
		"passwd-by-name-unavailable":   passwdByName("down"),
		"groups-of-member-unavailable": groupsOfMember("down"),
	} {
		if got, err := ask(withTimeout(t), replay(t, name)); !errors.Is(err, client.ErrUnavailable) || errors.Is(err, client.ErrNotFound) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// No answer, however it is missing, may look like a success.
func TestNoAnswer(t *testing.T) {
	headerOf := func(action byte) []byte { return []byte{0, 0, 0, 2, 0, 13, 0, action} }
	good := []byte{0, 0, 0, 1, 0, 0, 0, 0}
	servers := map[string]*client.Client{
		"no socket":   client.New(filepath.Join(t.TempDir(), "socket")),
		"no byte":     serve(t, func(net.Conn) {}),
		"only header": serve(t, func(c net.Conn) { _, _ = c.Write(headerOf(1)) }),
		"half an entry": serve(t, func(c net.Conn) {
			_, _ = c.Write(append(headerOf(1), good...))
		}),
		"another action": serve(t, func(c net.Conn) { _, _ = c.Write(append(headerOf(3), good...)) }),
		"another marker": serve(t, func(c net.Conn) { _, _ = c.Write(append(headerOf(1), 0, 0, 0, 7)) }),
		"a web server":   serve(t, func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.0 400 Bad Request\r\n\r\n") }),
	}
	for name, c := range servers {
		got, err := c.Authenticate(withTimeout(t), sshd, secret.FromString("x"))
		if !errors.Is(err, client.ErrUnavailable) || got.Code == nslcd.CodeSuccess || got.Authorization == nslcd.CodeSuccess {
			t.Errorf("%s: authenticate: %+v, %v", name, got, err)
		}
		if got, err := c.Authorize(withTimeout(t), sshd); !errors.Is(err, client.ErrUnavailable) || got.Code == nslcd.CodeSuccess {
			t.Errorf("%s: authorize: %+v, %v", name, got, err)
		}
		if err := c.CloseSession(withTimeout(t), sshd, "id"); !errors.Is(err, client.ErrUnavailable) {
			t.Errorf("%s: close session: %v", name, err)
		}
		if got, err := c.GroupsOfMember(withTimeout(t), "ada"); !errors.Is(err, client.ErrUnavailable) || got != nil {
			t.Errorf("%s: groups: %v, %v", name, got, err)
		}
	}
}

func TestHangingServerIsLeftInTime(t *testing.T) {
	ended := make(chan struct{})
	c := serve(t, func(net.Conn) { <-ended })
	defer close(ended)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := c.PasswdByName(ctx, "ada")
	if !errors.Is(err, client.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestRequestsThatCannotBeSent(t *testing.T) {
	c := serve(t, func(conn net.Conn) {
		if n, _ := conn.Read(make([]byte, 1)); n > 0 {
			t.Error("something was sent")
		}
	})
	if _, err := c.PasswdByName(withTimeout(t), strings.Repeat("x", 256)); !errors.Is(err, nslcd.ErrLength) {
		t.Errorf("long name: %v", err)
	}
	if _, err := c.Authenticate(withTimeout(t), sshd, secret.FromString("a\x00b")); !errors.Is(err, nslcd.ErrNUL) {
		t.Errorf("password with NUL: %v", err)
	}
}

func TestPasswordsStayTheCallers(t *testing.T) {
	password := secret.FromString("correct horse")
	if _, err := replay(t, "authenticate").Authenticate(withTimeout(t), sshd, password); err != nil {
		t.Fatal(err)
	}
	if string(password.Bytes()) != "correct horse" {
		t.Errorf("the password is now %q", password.Bytes())
	}
}

// A socket whose queue is full is asked again until there is a place, or no
// time left.
func TestFullQueue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), path)
	t.Cleanup(func() { file.Close() })
	if err := errors.Join(unix.Bind(fd, &unix.SockaddrUnix{Name: path}), unix.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	for { // until it is full
		conn, err := net.Dial("unix", path)
		if errors.Is(err, unix.EAGAIN) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	const limit = 50 * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	began := time.Now()
	if _, err := client.New(path).PasswdByName(ctx, "ada"); !errors.Is(err, client.ErrUnavailable) || time.Since(began) < limit/2 {
		t.Errorf("without a place: %v after %v", err, time.Since(began))
	}
	listener, err := net.FileListener(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for conn, err := listener.Accept(); err == nil; conn, err = listener.Accept() {
			conn.Close()
		}
	}()
	if _, err := client.New(path).PasswdByName(withTimeout(t), "ada"); !errors.Is(err, client.ErrUnavailable) || errors.Is(err, unix.EAGAIN) {
		t.Errorf("with a place: %v", err)
	}
}
