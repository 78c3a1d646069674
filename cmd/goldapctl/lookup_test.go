package main

import (
	"bytes"
	"encoding/json"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/nslcd"
)

// run executes one command line as main does.
func run(t *testing.T, args ...string) (status int, out, errOut string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status = execute(t.Context(), args, strings.NewReader(""), &stdout, &stderr)
	return status, stdout.String(), stderr.String()
}

// serve listens on a socket of its own and answers as a goldapd that knows
// ada, her groups, and nothing else; for "gone" it hangs up.
func serve(t *testing.T) (socket string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			respond(c)
		}
	}()
	return socket
}

func respond(c net.Conn) {
	defer c.Close()
	request, err := nslcd.ReadRequest(c)
	refused := request.Name == "stock" && request.Action>>16 == nslcd.ActionPaths>>16 // as an nslcd does
	if err != nil || request.Name == "gone" || refused {
		return
	}
	response := nslcd.NewResponse(c, request.Action)
	if write := known[request.Action]; write != nil {
		_ = write(request, response)
	}
	response.End()
	_ = response.Flush()
}

var (
	ada       = account.Account{Name: "ada", UID: 5001, GID: 5000, Gecos: "Ada <Lovelace>", Home: "/home/ada", Shell: "/bin/sh"}
	engineers = account.Group{Name: "engineers", GID: 5010, Members: []string{"ada", "grace"}}
)

// known answers the requests; one that appends nothing answers "not found".
var known = map[nslcd.Action]func(nslcd.Request, *nslcd.Response) error{
	nslcd.ActionExplain: explained,
	nslcd.ActionPasswdByName: func(q nslcd.Request, r *nslcd.Response) error {
		if q.Name == "loner" {
			return r.Passwd(account.Account{Name: "loner", UID: 5002}, "*")
		}
		if q.Name == "stock" {
			return r.Passwd(account.Account{Name: "stock", UID: 5003, GID: 5010}, "*")
		}
		return onlyIf(q.Name == "ada", func() error { return r.Passwd(ada, "*") })
	},
	nslcd.ActionPasswdByUID: func(q nslcd.Request, r *nslcd.Response) error {
		return onlyIf(q.ID == 5001, func() error { return r.Passwd(ada, "*") })
	},
	nslcd.ActionGroupByName: func(q nslcd.Request, r *nslcd.Response) error {
		return onlyIf(q.Name == "engineers", func() error { return r.Group(engineers, "*") })
	},
	nslcd.ActionGroupByGID: func(q nslcd.Request, r *nslcd.Response) error {
		return onlyIf(q.ID == 5010, func() error { return r.Group(engineers, "*") })
	},
	nslcd.ActionGroupByMember: func(q nslcd.Request, r *nslcd.Response) error {
		return onlyIf(q.Name == "ada" || q.Name == "stock", func() error {
			_ = r.Group(account.Group{Name: "engineers", GID: 5010}, "*")
			return r.Group(account.Group{Name: "pioneers", GID: 5011}, "*")
		})
	},
	nslcd.ActionPaths:   memberships,
	nslcd.ActionSSHKeys: keys,
	nslcd.ActionFlush:   func(_ nslcd.Request, r *nslcd.Response) error { return r.Flushed() },
	nslcd.ActionStatus: func(_ nslcd.Request, r *nslcd.Response) error {
		_ = r.Status(nslcd.Fact{Name: "server ldap://one", Value: "up"})
		return r.Status(nslcd.Fact{Name: "hits", Value: "7"})
	},
	nslcd.ActionShadowByName: func(q nslcd.Request, r *nslcd.Response) error {
		s := account.Shadow{Name: "ada", LastChange: 19000, Min: 0, Max: 90, Warn: 7,
			Inactive: account.NotSet, Expire: account.NotSet}
		return onlyIf(q.Name == "ada", func() error { return r.Shadow(s, "*") })
	},
}

func onlyIf(condition bool, then func() error) error {
	if !condition {
		return nil
	}
	return then()
}

func TestLookup(t *testing.T) {
	socket := serve(t)
	for args, want := range map[string]struct {
		status int
		out    string
	}{
		"passwd ada":        {0, "ada:*:5001:5000:Ada <Lovelace>:/home/ada:/bin/sh\n"},
		"passwd 5001":       {0, "ada:*:5001:5000:Ada <Lovelace>:/home/ada:/bin/sh\n"},
		"passwd eve":        {1, ""},
		"passwd 5002":       {1, ""},
		"passwd gone":       {3, ""},
		"passwd 4294967295": {2, ""},
		"group engineers":   {0, "engineers:*:5010:ada,grace\n"},
		"group 5010":        {0, "engineers:*:5010:ada,grace\n"},
		"group staff":       {1, ""},
		"group 99999999999": {2, ""},
		"groups ada":        {0, "engineers 5010\npioneers 5011\n"},
		"groups loner":      {0, ""},
		"groups eve":        {1, ""},
		"shadow ada":        {0, "ada:*:19000:0:90:7:::0\n"},
		"shadow eve":        {1, ""},
		"aliases ada":       {2, ""},
		"passwd":            {2, ""},
		"passwd ada eve":    {2, ""},
	} {
		t.Run(args, func(t *testing.T) {
			status, out, errOut := run(t, append([]string{"lookup", "--socket", socket}, strings.Fields(args)...)...)
			if status != want.status || out != want.out {
				t.Errorf("status %d, %q (%s); want %d, %q", status, out, errOut, want.status, want.out)
			}
			if (errOut == "") != (want.status == 0) {
				t.Errorf("standard error: %q", errOut)
			}
		})
	}
}

func TestLookupKeysThatCannotBeSent(t *testing.T) {
	socket := serve(t)
	for _, key := range []string{"", "a\x00b", strings.Repeat("x", 100000)} {
		if status, _, errOut := run(t, "lookup", "--socket", socket, "passwd", key); status != exitUsage || errOut == "" {
			t.Errorf("key of %d bytes: status %d, %q", len(key), status, errOut)
		}
	}
}

func TestLookupJSON(t *testing.T) {
	socket := serve(t)
	for args, want := range map[string]string{
		"passwd ada":      `{"name":"ada","uid":5001,"gid":5000,"gecos":"Ada <Lovelace>","home":"/home/ada","shell":"/bin/sh"}`,
		"group engineers": `{"name":"engineers","gid":5010,"members":["ada","grace"]}`,
		"groups ada":      `[{"name":"engineers","gid":5010},{"name":"pioneers","gid":5011}]`,
		"groups loner":    `[]`,
		"shadow ada":      `{"expire":null,"flag":0,"inactive":null,"last_change":19000,"max":90,"min":0,"name":"ada","warn":7}`,
	} {
		t.Run(args, func(t *testing.T) {
			status, out, errOut := run(t, append([]string{"lookup", "--json", "--socket", socket}, strings.Fields(args)...)...)
			var compact bytes.Buffer
			if err := json.Compact(&compact, []byte(out)); err != nil {
				t.Fatalf("status %d, %q, %q: %v", status, out, errOut, err)
			}
			if status != 0 || compact.String() != want {
				t.Errorf("status %d, %s, want %s", status, compact.String(), want)
			}
		})
	}
}

func TestLookupWithoutDaemon(t *testing.T) {
	status, out, errOut := run(t, "lookup", "--socket", filepath.Join(t.TempDir(), "none"), "passwd", "ada")
	if status != exitUnavailable || out != "" || !strings.Contains(errOut, "no answer") {
		t.Errorf("status %d, %q, %q", status, out, errOut)
	}
}
