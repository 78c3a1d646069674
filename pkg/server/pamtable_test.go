package server_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/client"
	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/goldap/goldap/pkg/secret"
	"github.com/goldap/goldap/pkg/server"
	"github.com/goldap/goldap/test/scripted"
)

// These tests hold the answers to the PAM actions, situation by situation, from
// the socket down to a directory: the real server, login and directory packages
// on a scripted server. Each row has the codes of nslcd 0.9.12 beside ours, and
// a row that differs says why.

const (
	labBase   = "dc=lab"
	labUser   = "labuser"
	labDN     = "uid=" + labUser + "," + labBase
	labAdmin  = "cn=admin," + labBase
	labSecret = "right secret"
)

// closed and ended stand for an answer without an entry: cut off, and complete.
const (
	closed nslcd.Code = -1
	ended  nslcd.Code = -2
)

// lab is a directory with one user, and how it misbehaves.
type lab struct {
	attributes map[string]string
	cfg        config.Config
	dir        config.Directory
	script     scripted.Script
	uid        uint32
	refuse     bool
	// before are servers that are asked before the one of the lab.
	before []string
	// credential, if set, is used instead of uid.
	credential func(*net.UnixConn) (server.Credential, error)
	// socket is where the server listens, nsswitch its nsswitch.conf if set.
	socket, nsswitch string
	// server is there once it serves.
	server *server.Server
	// adjust, if set, changes the backend.
	adjust func(*server.Backend)
}

func day(offset int) string { return fmt.Sprint(time.Now().Unix()/86400 + int64(offset)) }

// serve starts the server of the lab and returns a client.
func (l *lab) serve(t *testing.T) *client.Client {
	t.Helper()
	ldap := scripted.New(t)
	user := scripted.Entry{DN: labDN, Attributes: map[string][]string{
		"objectClass": {"posixAccount", "shadowAccount"}, "uid": {labUser}, "cn": {labUser},
		"uidNumber": {"20001"}, "gidNumber": {"20000"}, "homeDirectory": {"/home/lab"}, "userPassword": {labSecret},
	}}
	for name, value := range l.attributes {
		user.Attributes[name] = []string{value}
	}
	ldap.Add(user, scripted.Entry{DN: labAdmin, Attributes: map[string][]string{"userPassword": {"admin secret"}}})
	ldap.Script(l.script)
	l.dir.URIs = append(l.before, "ldap://"+ldap.Listen(t))
	l.cfg.Directories = []config.Directory{l.dir}
	if l.refuse {
		ldap.Close()
	}
	return l.serveConfigured(t)
}

// serveConfigured starts a server with the configuration.
func (l *lab) serveConfigured(t *testing.T) *client.Client {
	t.Helper()
	backend, err := server.NewBackend(&l.cfg, server.BackendOptions{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if l.adjust != nil {
		l.adjust(backend)
	}
	l.socket = filepath.Join(t.TempDir(), "socket")
	socket, err := server.Listen(l.socket)
	if err != nil {
		t.Fatal(err)
	}
	if l.credential == nil {
		l.credential = func(*net.UnixConn) (server.Credential, error) { return server.Credential{UID: l.uid}, nil }
	}
	s := server.New(backend, server.Options{Credential: l.credential, NSSwitch: l.nsswitch})
	l.server = s
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Run(ctx, socket)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		s.Close()
	})
	return client.New(l.socket)
}

func newLab(change func(*lab)) *lab {
	l := &lab{cfg: *config.Default(), dir: config.DefaultDirectory(), attributes: map[string]string{}}
	l.dir.Base = labBase
	l.dir.TLS = config.TLS{Mode: "off", AllowClearText: true, Verify: "demand"}
	if change != nil {
		change(l)
	}
	return l
}

// attribute gives the user an attribute.
func attribute(pairs ...string) func(*lab) {
	return func(l *lab) {
		for i := 0; i < len(pairs); i += 2 {
			l.attributes[pairs[i]] = pairs[i+1]
		}
	}
}

// policy answers the user's bind with a code and a policy control.
func policy(code, expire, grace, policyError int64) func(*lab) {
	return func(l *lab) {
		l.script.Bind = func(c *scripted.Conn, r *scripted.Request) {
			c.BoundAs = r.DN
			c.Send(scripted.Result(r.ID, scripted.BindResponse, code, "", scripted.Policy(expire, grace, policyError)))
		}
	}
}

func netscape(oid, value string) func(*lab) {
	return func(l *lab) {
		l.script.Bind = func(c *scripted.Conn, r *scripted.Request) {
			c.Send(scripted.Result(r.ID, scripted.BindResponse, 0, "", scripted.Control{OID: oid, Value: []byte(value)}))
		}
	}
}

func administrator(dn, password string, uid uint32) func(*lab) {
	return func(l *lab) {
		l.uid, l.dir.RootBindDN, l.dir.RootBindPassword = uid, dn, secret.FromString(password)
	}
}

func away(l *lab) { l.refuse = true }

func awayAtBind(l *lab) {
	l.script.Bind = func(c *scripted.Conn, _ *scripted.Request) { c.Close() }
}

func loginSearch(filter string) func(*lab) {
	return func(l *lab) { l.dir.LoginSearches = []string{filter} }
}

// entry is what an answer without an entry means.
func entryCode(code nslcd.Code, err error) nslcd.Code {
	switch {
	case errors.Is(err, client.ErrNotFound):
		return ended
	case err != nil:
		return closed
	}
	return code
}

// checkRow compares an answer with the row, and whether a difference to nslcd
// is explained.
func checkRow(t *testing.T, got, want, nslcd []nslcd.Code, why, message, text string) {
	t.Helper()
	same := true
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("answer %v, want %v", got, want)
			break
		}
		same = same && want[i] == nslcd[i]
	}
	if same != (why == "") {
		t.Errorf("nslcd answers %v, we %v: why %q", nslcd, want, why)
	}
	if text == "" && message != "" || !strings.Contains(message, text) {
		t.Errorf("message %q, want %q", message, text)
	}
}

const (
	whySpecific = "the module can say why"
	whyNoLeak   = "nothing is said about an account before the password is proven"
	whyAway     = "unavailable is not a wrong password, and the caller can tell that the daemon lives"
)

func TestAuthenticationTable(t *testing.T) {
	type codes = [2]nslcd.Code
	for name, row := range map[string]struct {
		user, password string
		lab            func(*lab)
		nslcd, want    codes
		text, why      string
	}{
		"good password":          {labUser, labSecret, nil, codes{0, 0}, codes{0, 0}, "", ""},
		"wrong password":         {labUser, "wrong", nil, codes{7, 0}, codes{7, 0}, "", ""},
		"empty password":         {labUser, "", nil, codes{7, 0}, codes{7, 0}, "", ""},
		"empty, server says yes": {labUser, "", policy(0, -1, -1, -1), codes{0, 0}, codes{7, 0}, "", "an empty password proves nothing (RFC 4513, 5.1.2)"},
		"unknown user":           {"labnobody", labSecret, nil, codes{ended, ended}, codes{ended, ended}, "", ""},
		"name refused":           {"../etc", labSecret, nil, codes{ended, ended}, codes{ended, ended}, "", ""},
		"local user":             {"root", labSecret, nil, codes{ended, ended}, codes{ended, ended}, "", ""},
		"directory away":         {labUser, labSecret, away, codes{closed, closed}, codes{9, 9}, "cannot be reached", whyAway},
		"away during the bind":   {labUser, labSecret, awayAtBind, codes{7, 0}, codes{9, 9}, "cannot be reached", whyAway},

		"account expired":             {labUser, labSecret, attribute("shadowExpire", day(-4)), codes{0, 13}, codes{0, 13}, "account has expired", ""},
		"account expires today":       {labUser, labSecret, attribute("shadowExpire", day(0)), codes{0, 13}, codes{0, 13}, "account has expired", ""},
		"account expires tomorrow":    {labUser, labSecret, attribute("shadowExpire", day(1)), codes{0, 0}, codes{0, 0}, "", ""},
		"shadowLastChange 0":          {labUser, labSecret, attribute("shadowLastChange", "0"), codes{0, 12}, codes{0, 12}, "must change", ""},
		"password expires today":      {labUser, labSecret, attribute("shadowLastChange", day(-30), "shadowMax", "30"), codes{0, 12}, codes{0, 12}, "must change", ""},
		"password expired":            {labUser, labSecret, attribute("shadowLastChange", day(-33), "shadowMax", "30"), codes{0, 12}, codes{0, 12}, "must change", ""},
		"inside shadowInactive":       {labUser, labSecret, attribute("shadowLastChange", day(-33), "shadowMax", "30", "shadowInactive", "10"), codes{0, 12}, codes{0, 12}, "must change", ""},
		"past shadowInactive":         {labUser, labSecret, attribute("shadowLastChange", day(-50), "shadowMax", "30", "shadowInactive", "10"), codes{0, 27}, codes{0, 27}, "by an administrator", ""},
		"inside shadowWarning":        {labUser, labSecret, attribute("shadowLastChange", day(-25), "shadowMax", "30", "shadowWarning", "7"), codes{0, 0}, codes{0, 0}, "expire in 5 days", ""},
		"changed in the future":       {labUser, labSecret, attribute("shadowLastChange", day(5), "shadowMax", "1"), codes{0, 0}, codes{0, 0}, "", ""},
		"shadowMax 0":                 {labUser, labSecret, attribute("shadowLastChange", day(-5), "shadowMax", "0"), codes{0, 12}, codes{0, 0}, "", "0 is no rule, as in PADL's pam_ldap and as people mean it"},
		"shadowInactive 0":            {labUser, labSecret, attribute("shadowLastChange", day(-33), "shadowMax", "30", "shadowInactive", "0"), codes{0, 27}, codes{0, 12}, "must change", "0 is no rule, as in PADL's pam_ldap and as people mean it"},
		"not a number":                {labUser, labSecret, attribute("shadowMax", "soon", "shadowExpire", "never"), codes{0, 0}, codes{0, 0}, "", ""},
		"expired, wrong password":     {labUser, "wrong", attribute("shadowExpire", day(-4)), codes{7, 13}, codes{7, 0}, "", whyNoLeak},
		"must change, wrong password": {labUser, "wrong", attribute("shadowLastChange", "0"), codes{7, 12}, codes{7, 0}, "", whyNoLeak},

		"policy: expiring":               {labUser, labSecret, policy(0, 47*3600, -1, -1), codes{0, 0}, codes{0, 0}, "expire in 47 hours", ""},
		"policy: grace logins":           {labUser, labSecret, policy(0, -1, 2, -1), codes{0, 0}, codes{0, 0}, "2 logins are left", ""},
		"policy: expired":                {labUser, labSecret, policy(49, -1, -1, 0), codes{7, 12}, codes{27, 27}, "expired", whySpecific},
		"policy: expired, let in":        {labUser, labSecret, policy(0, -1, -1, 0), codes{0, 12}, codes{0, 12}, "must change", ""},
		"policy: must change":            {labUser, labSecret, policy(0, -1, -1, 2), codes{7, 12}, codes{0, 12}, "must change", "the user could not log in to change it"},
		"policy: locked":                 {labUser, labSecret, policy(49, -1, -1, 1), codes{7, 13}, codes{13, 13}, "locked", whySpecific},
		"policy: locked, let in":         {labUser, labSecret, policy(0, -1, -1, 1), codes{0, 13}, codes{13, 13}, "locked", whySpecific},
		"policy: another error, let in":  {labUser, labSecret, policy(0, -1, -1, 5), codes{0, 6}, codes{0, 6}, "not allowed", ""},
		"policy: another error":          {labUser, labSecret, policy(49, -1, -1, 5), codes{7, 6}, codes{7, 0}, "", whyNoLeak},
		"policy: unknown error, let in":  {labUser, labSecret, policy(0, -1, -1, 77), codes{0, 6}, codes{0, 6}, "not allowed", ""},
		"policy: not to be obeyed":       {labUser, labSecret, func(l *lab) { policy(0, -1, -1, 2)(l); l.dir.PasswordPolicy = false }, codes{0, 0}, codes{0, 0}, "", ""},
		"policy: expiring, shadow, too":  {labUser, labSecret, func(l *lab) { policy(0, 3600, -1, -1)(l); attribute("shadowLastChange", "0")(l) }, codes{0, 12}, codes{0, 12}, "must change", ""},
		"old control: expired":           {labUser, labSecret, netscape(scripted.NetscapeExpiredOID, "0"), codes{0, 12}, codes{0, 12}, "must change", ""},
		"old control: expiring":          {labUser, labSecret, netscape(scripted.NetscapeExpiringOID, "172800"), codes{0, 0}, codes{0, 0}, "expire in 2 days", ""},
		"bind search finds the user":     {labUser, labSecret, func(l *lab) { l.dir.LoginBindSearch = "(uid=$username)" }, codes{0, 0}, codes{0, 0}, "", ""},
		"bind search finds nothing":      {labUser, labSecret, func(l *lab) { l.dir.LoginBindSearch = "(uid=x$username)" }, codes{7, 0}, codes{7, 0}, "", ""},
		"bind search, wrong password":    {labUser, "wrong", func(l *lab) { l.dir.LoginBindSearch = "(uid=$username)" }, codes{7, 0}, codes{7, 0}, "", ""},
		"login search finds nothing":     {labUser, labSecret, loginSearch("(uid=x$username)"), codes{0, 0}, codes{0, 6}, "not allowed", "who may log in is known with the password; the account step says the same"},
		"administrator":                  {"", "admin secret", administrator(labAdmin, "", 0), codes{0, 0}, codes{0, 0}, "", ""},
		"administrator, wrong password":  {"", "wrong", administrator(labAdmin, "", 0), codes{7, 0}, codes{7, 0}, "", ""},
		"administrator, configured":      {"", "", administrator(labAdmin, "admin secret", 0), codes{0, 0}, codes{0, 0}, "", ""},
		"administrator, not known":       {"", "", administrator(labAdmin, "", 0), codes{7, 0}, codes{7, 0}, "", ""},
		"administrator, asked by a user": {"", "admin secret", administrator(labAdmin, "admin secret", 1000), codes{0, 0}, codes{6, 6}, "", "the socket would be a place to guess the password"},
		"administrator, empty, a user":   {"", "", administrator(labAdmin, "admin secret", 1000), codes{7, 0}, codes{6, 6}, "", "the socket would be a place to guess the password"},
		"no administrator":               {"", "admin secret", administrator("", "", 0), codes{closed, closed}, codes{ended, ended}, "", "it is certain that there is none"},
		"administrator, directory away":  {"", "admin secret", func(l *lab) { administrator(labAdmin, "", 0)(l); l.refuse = true }, codes{7, 0}, codes{9, 9}, "cannot be reached", whyAway},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newLab(row.lab).serve(t)
			answer, err := c.Authenticate(t.Context(), nslcd.PAM{User: row.user, Service: "sshd"}, secret.FromString(row.password))
			got := []nslcd.Code{entryCode(answer.Code, err), entryCode(answer.Authorization, err)}
			checkRow(t, got, row.want[:], row.nslcd[:], row.why, answer.Message, row.text)
			if err == nil && answer.User != row.user {
				t.Errorf("user %q", answer.User)
			}
		})
	}
}

func TestAuthorizationTable(t *testing.T) {
	for name, row := range map[string]struct {
		user        string
		lab         func(*lab)
		nslcd, want nslcd.Code
		text, why   string
	}{
		"may":                      {labUser, nil, 0, 0, "", ""},
		"unknown user":             {"labnobody", nil, ended, ended, "", ""},
		"name refused":             {"-x", nil, ended, ended, "", ""},
		"directory away":           {labUser, away, closed, 9, "cannot be reached", whyAway},
		"account expired":          {labUser, attribute("shadowExpire", day(-4)), 13, 13, "account has expired", ""},
		"password expired":         {labUser, attribute("shadowLastChange", "0"), 0, 0, "", ""},
		"login search matches":     {labUser, loginSearch("(&(uid=$username)(uidNumber=*))"), 0, 0, "", ""},
		"login search, service":    {labUser, loginSearch("(cn=$service)"), 6, 6, "not allowed", ""},
		"login search, no match":   {labUser, loginSearch("(uid=x$username)"), 6, 6, "not allowed", ""},
		"login search fails":       {labUser, func(l *lab) { loginSearch("(seeAlso=$dn)")(l); l.script.Search = failsFor("seealso") }, 6, 9, "cannot be reached", "nobody said that the user may not"},
		"the name has no wildcard": {"lab*", loginSearch("(uid=$username)"), ended, ended, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newLab(row.lab).serve(t)
			answer, err := c.Authorize(t.Context(), nslcd.PAM{User: row.user, Service: "sshd"})
			got := []nslcd.Code{entryCode(answer.Code, err)}
			checkRow(t, got, []nslcd.Code{row.want}, []nslcd.Code{row.nslcd}, row.why, answer.Message, row.text)
		})
	}
}

// failsFor refuses searches that speak of an attribute.
func failsFor(attribute string) func(*scripted.Conn, *scripted.Request) {
	return func(c *scripted.Conn, r *scripted.Request) {
		if strings.Contains(strings.ToLower(r.Filter.String()), attribute) {
			c.Send(scripted.Result(r.ID, scripted.SearchDone, 50, "no"))
			return
		}
		c.DefaultSearch(r)
	}
}

func TestPasswordChangeTable(t *testing.T) {
	refused := func(code int64) func(*lab) {
		return func(l *lab) {
			l.script.Extended = func(c *scripted.Conn, r *scripted.Request) {
				c.Send(scripted.Result(r.ID, scripted.ExtendedResponse, code, "because", scripted.Policy(-1, -1, 5)))
			}
		}
	}
	const whyCode = "the module can say that it was the old password, or the new one"
	for name, row := range map[string]struct {
		user, old   string
		asRoot      bool
		lab         func(*lab)
		nslcd, want nslcd.Code
		text, why   string
	}{
		"own password":              {labUser, labSecret, false, nil, 0, 0, "", ""},
		"wrong old password":        {labUser, "wrong", false, nil, 6, 7, "", whyCode},
		"empty old password":        {labUser, "", false, nil, 6, 7, "", whyCode},
		"unknown user":              {"labnobody", labSecret, false, nil, ended, ended, "", ""},
		"name refused":              {"a:b", labSecret, false, nil, ended, ended, "", ""},
		"directory away":            {labUser, labSecret, false, away, closed, 9, "cannot be reached", whyAway},
		"prohibited":                {labUser, labSecret, false, func(l *lab) { l.cfg.Login.PasswordProhibitMessage = "Ask Eve." }, 6, 6, "Ask Eve.", ""},
		"prohibited, as root":       {labUser, labSecret, true, func(l *lab) { l.cfg.Login.PasswordProhibitMessage = "Ask Eve." }, 6, 6, "Ask Eve.", ""},
		"refused by the directory":  {labUser, labSecret, false, refused(19), 6, 20, "too simple", whyCode},
		"too early":                 {labUser, labSecret, false, attribute("shadowLastChange", day(-1), "shadowMin", "3"), 20, 20, "another 2 days", ""},
		"too early, wrong password": {labUser, "wrong", false, attribute("shadowLastChange", day(-1), "shadowMin", "3"), 20, 7, "", whyNoLeak},
		"too early, as root": {labUser, "", true, func(l *lab) {
			administrator(labAdmin, "admin secret", 0)(l)
			attribute("shadowLastChange", day(-1), "shadowMin", "3")(l)
		}, 0, 0, "", ""},
		"account expired":                {labUser, labSecret, false, attribute("shadowExpire", day(-1)), 13, 13, "account has expired", ""},
		"must change":                    {labUser, labSecret, false, attribute("shadowLastChange", "0", "shadowMin", "3"), 0, 0, "", ""},
		"administrator":                  {labUser, "admin secret", true, administrator(labAdmin, "", 0), 0, 0, "", ""},
		"administrator, configured":      {labUser, "", true, administrator(labAdmin, "admin secret", 0), 0, 0, "", ""},
		"administrator, wrong password":  {labUser, "wrong", true, administrator(labAdmin, "admin secret", 0), 6, 7, "", whyCode},
		"administrator, not known":       {labUser, "", true, administrator(labAdmin, "", 0), 6, 7, "", whyCode},
		"no administrator":               {labUser, "admin secret", true, administrator("", "", 0), 6, 6, "not allowed", ""},
		"administrator, asked by a user": {labUser, "admin secret", true, administrator(labAdmin, "admin secret", 1000), 0, 6, "Only root", "the socket would be a place to guess the password"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newLab(row.lab).serve(t)
			answer, err := c.ChangePassword(t.Context(), client.Change{
				PAM: nslcd.PAM{User: row.user, Service: "passwd"}, AsRoot: row.asRoot,
				Old: secret.FromString(row.old), New: secret.FromString("the next one"),
			})
			got := []nslcd.Code{entryCode(answer.Code, err)}
			checkRow(t, got, []nslcd.Code{row.want}, []nslcd.Code{row.nslcd}, row.why, answer.Message, row.text)
		})
	}
}
