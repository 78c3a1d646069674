package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/login"
	"github.com/goldap/goldap/pkg/secret"
	"github.com/goldap/goldap/pkg/server"
)

// fake is a backend with the users of the golden frames. The user "down" and
// the id 7 are in a directory that does not answer.
type fake struct {
	// entered is told of each request for the user "slow", which then waits
	// until free is closed or its time is up.
	entered chan string
	free    chan struct{}
	// logins counts the calls that carry a password.
	logins atomic.Int32
	// flushes counts the flushes.
	flushes atomic.Int32
	// passwords are what the logins saw, not copied.
	mu        sync.Mutex
	passwords []secret.Secret
	roots     []bool
}

func newFake() *fake {
	return &fake{entered: make(chan string, 1000), free: make(chan struct{})}
}

var (
	ada       = account.Account{DN: "uid=ada", Name: "ada", UID: 20001, GID: 20000, Gecos: "Ada Lovelace", Home: "/home/ada", Shell: "/bin/bash"}
	largest   = account.Account{Name: "max", UID: 4294967294, GID: 4294967294, Gecos: "Zoë 日本"}
	engineers = account.Group{DN: "cn=engineers", Name: "engineers", GID: 20100, Members: []string{"ada", "grace"}}
	empty     = account.Group{Name: "empty", GID: 20101}
)

func (f *fake) wait(ctx context.Context, user string) error {
	switch user {
	case "down":
		return fmt.Errorf("search: %w", directory.ErrUnavailable)
	case "crash":
		panic("a bug")
	case "slow":
		f.entered <- user
		select {
		case <-f.free:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", directory.ErrUnavailable, ctx.Err())
		}
	}
	return nil
}

func find[T any](f *fake, ctx context.Context, name string, known map[string]T) (T, error) {
	var none T
	if err := f.wait(ctx, name); err != nil {
		return none, err
	}
	if value, ok := known[name]; ok {
		return value, nil
	}
	switch name {
	case "twins":
		return none, directory.ErrNotUnique
	case "broken":
		return none, fmt.Errorf("uidNumber: %w", directory.ErrBadEntry)
	case "odd":
		return none, errors.New("an error that nobody foresaw")
	case "refused":
		return none, directory.ErrRefused
	}
	return none, directory.ErrNotFound
}

func byID(id uint32) string {
	return map[uint32]string{20001: "ada", 4294967294: "max", 20100: "engineers", 7: "down"}[id]
}

var (
	accounts = map[string]account.Account{"ada": ada, "max": largest, "slow": {Name: "slow", UID: 20002}}
	groups   = map[string]account.Group{"engineers": engineers, "empty": empty,
		"huge": {Name: "huge", Members: []string{strings.Repeat("x", 3<<20)}}}
	shadows = map[string]account.Shadow{
		"ada": {Name: "ada", LastChange: 20000, Min: 1, Max: 90, Warn: 7, Inactive: 30, Expire: 21000},
		"max": {Name: "max", LastChange: -1, Min: -1, Max: -1, Warn: -1, Inactive: -1, Expire: -1, Flag: -1},
	}
)

func (f *fake) PasswdByName(ctx context.Context, name string) (account.Account, error) {
	return find(f, ctx, name, accounts)
}

func (f *fake) PasswdByUID(ctx context.Context, uid uint32) (account.Account, error) {
	return find(f, ctx, byID(uid), accounts)
}

func (f *fake) GroupByName(ctx context.Context, name string) (account.Group, error) {
	return find(f, ctx, name, groups)
}

func (f *fake) GroupByGID(ctx context.Context, gid uint32) (account.Group, error) {
	return find(f, ctx, byID(gid), groups)
}

func (f *fake) GroupsOfMember(ctx context.Context, name string) ([]account.Group, error) {
	return find(f, ctx, name, map[string][]account.Group{"ada": {engineers, empty}})
}

func (f *fake) GroupPaths(ctx context.Context, name string) ([]account.Membership, error) {
	return find(f, ctx, name, map[string][]account.Membership{"ada": {
		{Group: engineers, Path: []string{"engineers"}}, {Group: empty, Path: []string{"engineers", "empty"}}, {Group: account.Group{Name: "ops", GID: 7001}},
	}})
}

const adasKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINyG9g6gUd940AXQ/7j8PU4thxwLURQhAj53KnPP6zgB ada"

func (f *fake) SSHKeys(ctx context.Context, name string) ([]string, error) {
	return find(f, ctx, name, map[string][]string{"ada": {adasKey, `command="true" ` + adasKey}, "max": {}})
}

func (f *fake) ShadowByName(ctx context.Context, name string) (account.Shadow, error) {
	return find(f, ctx, name, shadows)
}

// sequence returns the values, and err in the end if it is not nil.
func sequence[T any](err error, values ...T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, value := range values {
			if !yield(value, nil) {
				return
			}
		}
		if err != nil {
			var none T
			yield(none, err)
		}
	}
}

func (f *fake) Passwds(context.Context) iter.Seq2[account.Account, error] {
	return sequence(nil, ada, largest)
}

func (f *fake) Groups(context.Context) iter.Seq2[account.Group, error] {
	return sequence(nil, engineers, groups["huge"], empty)
}

func (f *fake) Shadows(context.Context) iter.Seq2[account.Shadow, error] {
	return sequence(directory.ErrUnavailable, shadows["ada"])
}

// decisions are about users who gave the right password.
var decisions = map[string]login.Decision{
	"ada":     {Outcome: account.Success, Authorization: account.Success, User: "ada", Rule: "all"},
	"max":     {Outcome: account.Success, Authorization: account.Success, User: "max", Rule: "all"},
	"slow":    {Outcome: account.Success, Authorization: account.Success, User: "slow", Rule: "all"},
	"warned":  {Outcome: account.Success, Authorization: account.Success, User: "warned", Message: "Your password will expire in 5 days."},
	"reset":   {Outcome: account.Success, Authorization: account.MustChange, User: "reset", Message: "You must change your password now."},
	"expired": {Outcome: account.Success, Authorization: account.AccountExpired, User: "expired", Message: "Your account has expired."},
	"locked":  {Outcome: account.AccountLocked, User: "locked", Message: "Your account is locked."},
	"stale":   {Outcome: account.Success, Authorization: account.PasswordExpired, User: "stale", Message: "Your password has expired."},
	"grace":   {Outcome: account.Success, Authorization: account.Success, User: "grace", Roles: []string{"admins", "staff"}},
	"rolf":    {Outcome: account.Success, Authorization: account.Success, User: "rolf", Roles: []string{}},
	"guest":   {Outcome: account.Success, Authorization: account.Success, User: "guest", Account: "kiosk"},
	"barred":  {Outcome: account.Success, Authorization: account.PermissionDenied, User: "barred", Message: "You are not allowed to log in here.", Rule: "login_filter"},
}

var unavailable = login.Decision{Outcome: account.Unavailable, Message: "The directory cannot be reached."}

func goodPassword(password secret.Secret) bool {
	return map[string]bool{"correct horse": true, "pässwörd ☃": true, strings.Repeat("p", 4096): true}[string(password.Bytes())]
}

func (f *fake) saw(root bool, passwords ...secret.Secret) {
	f.logins.Add(1)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.passwords = append(f.passwords, passwords...)
	f.roots = append(f.roots, root)
}

func (f *fake) Authenticate(ctx context.Context, request login.Request) login.Decision {
	f.saw(false, request.Password)
	user := strings.ToLower(request.User)
	if f.wait(ctx, user) != nil {
		return unavailable
	}
	decision, known := decisions[user]
	if !known {
		return login.Decision{Outcome: account.UnknownUser}
	}
	if !goodPassword(request.Password) {
		return login.Decision{Outcome: account.BadCredentials, User: user}
	}
	return decision
}

func (f *fake) AuthenticateRoot(_ context.Context, _ string, password secret.Secret, callerIsRoot bool) login.Decision {
	f.saw(callerIsRoot, password)
	if string(password.Bytes()) != "root horse" {
		return login.Decision{Outcome: account.BadCredentials}
	}
	return login.Decision{Outcome: account.Success, Authorization: account.Success}
}

func (f *fake) Authorize(ctx context.Context, request login.Request) login.Decision {
	if f.wait(ctx, request.User) != nil {
		return unavailable
	}
	decision, known := decisions[request.User]
	if !known {
		return login.Decision{Outcome: account.UnknownUser}
	}
	decision.Outcome = decision.Authorization
	return decision
}

func (f *fake) ChangePassword(ctx context.Context, request login.ChangeRequest) login.Decision {
	f.saw(request.CallerIsRoot, request.Password, request.New)
	rootMay := request.AsRoot && request.CallerIsRoot &&
		(request.Password.IsEmpty() || string(request.Password.Bytes()) == "root horse")
	switch {
	case f.wait(ctx, request.User) != nil:
		return unavailable
	case request.User == "barred":
		return login.Decision{Outcome: account.PermissionDenied, Message: "You may not change your password."}
	case decisions[request.User].User == "":
		return login.Decision{Outcome: account.UnknownUser}
	case !rootMay && !goodPassword(request.Password):
		return login.Decision{Outcome: account.BadCredentials, Message: "The old password is wrong."}
	case request.New.Len() < 8:
		return login.Decision{Outcome: account.ChangeRefused, Message: "The password is too short."}
	}
	return login.Decision{Outcome: account.Success, Rule: "old-password"}
}

func (f *fake) ModifyUser(ctx context.Context, request login.ModifyRequest) login.Modification {
	f.saw(request.CallerIsRoot, request.Password)
	var m login.Modification
	switch {
	case f.wait(ctx, request.User) != nil:
		m.Decision = unavailable
	case decisions[request.User].User == "":
		m.Outcome = account.UnknownUser
	case request.AsRoot && request.User == "max":
		m.Outcome, m.NoAdministrator = account.PermissionDenied, true
	case !request.AsRoot && !goodPassword(request.Password):
		m.Decision = login.Decision{Outcome: account.BadCredentials, Message: "The password is wrong.", Rule: "bind"}
	default:
		m.Decision = login.Decision{Outcome: account.Success, Rule: "modify"}
		if request.Shell != nil && *request.Shell == "/bin/no" && !request.AsRoot {
			m.Shell = "invalid shell"
		}
	}
	return m
}

func (f *fake) backend() *server.Backend {
	return &server.Backend{
		Names: f, Login: f,
		LookupTimeout: 5 * time.Second, LoginTimeout: 5 * time.Second,
		ProhibitMessage: "Change it on the web site.",
		Flush:           func() { f.flushes.Add(1) },
		Status: func(s *server.Status) {
			s.Directories = []server.DirectoryStatus{{Name: "one", State: server.DirectoryUp, Servers: []server.ServerStatus{
				{URI: "ldap://one", Up: true, Asked: true, LatencySeconds: 0.25},
				{URI: "ldap://two", Error: strings.Repeat("x", 4000)},
			}}}
		},
		Limits: server.Limits{Connections: 100, PerUID: 50},
	}
}

// logBuffer collects log lines of many goroutines.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// world is a running server with its fake backend.
type world struct {
	*server.Server
	fake *fake
	log  *logBuffer
	path string
	// uid is who the next callers are.
	uid atomic.Uint32
	// stop ends the server and returns what Run returned.
	stop func() error
}

// start runs a server for backend, which may be nil for that of a new fake.
func start(t *testing.T, change func(*server.Backend, *server.Options)) *world {
	t.Helper()
	w := &world{fake: newFake(), log: &logBuffer{}, path: filepath.Join(t.TempDir(), "socket")}
	backend := w.fake.backend()
	options := server.Options{
		QueueTimeout: 20 * time.Millisecond,
		Logger:       slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Credential: func(*net.UnixConn) (server.Credential, error) {
			return server.Credential{PID: 4711, UID: w.uid.Load(), GID: 100}, nil
		},
	}
	if change != nil {
		change(backend, &options)
	}
	w.Server = server.New(backend, options)
	socket, err := server.Listen(w.path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx, socket) }()
	w.stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() {
		if err := w.stop(); err != nil {
			t.Errorf("Run: %v", err)
		}
		w.Close()
	})
	return w
}

func (w *world) dial(t *testing.T) *net.UnixConn {
	t.Helper()
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: w.path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// ask sends request and returns everything up to the end of the connection.
func (w *world) ask(t *testing.T, request []byte) []byte {
	t.Helper()
	conn := w.dial(t)
	if _, err := conn.Write(request); err != nil {
		t.Fatal(err)
	}
	return readAll(t, conn)
}

func readAll(t *testing.T, conn io.Reader) []byte {
	t.Helper()
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatalf("after %x: %v", answer, err)
	}
	return answer
}
