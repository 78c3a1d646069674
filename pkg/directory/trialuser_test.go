package directory_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

// tried tries a user at a server.
func tried(t *testing.T, server *scripted.Server, change func(*config.Directory), opts directory.TrialOptions) directory.TrialReport {
	t.Helper()
	cfg := plainConfig("ldap://" + server.Listen(t))
	if change != nil {
		change(&cfg)
	}
	return directory.Trial(within(t, 10*time.Second), cfg, opts)
}

// userStep returns a step of the trial about the user.
func userStep(t *testing.T, report directory.TrialReport, name string) directory.TrialStep {
	t.Helper()
	for _, step := range report.User {
		if step.Name == name {
			return step
		}
	}
	t.Errorf("there is no step %s in %+v", name, report.User)
	return directory.TrialStep{}
}

func TestTrial(t *testing.T) {
	server := newServer(t)
	whole(server)
	addNested(server)
	server.Add(group("named", map[string][]string{"memberUid": {"alice"}, "gidNumber": {"9"}}))
	report := tried(t, server, withNested, directory.TrialOptions{User: "alice", Prove: true, Password: secretOf(alicePass)})
	if !report.Usable() || report.DN != aliceDN || !report.Proven {
		t.Errorf("report %+v", report)
	}
	want := "find password account attributes groups by name groups by DN groups by memberOf groups"
	if got := stepNames(directory.ServerReport{Steps: report.User}); got != want {
		t.Errorf("steps %q, want %q", got, want)
	}
	for step, want := range map[string]string{
		directory.StepFind: "filter: (&(objectClass=posixAccount)(uid=alice))\nbase: " + baseDN + "\nmatched: 1\ndn: " + aliceDN,
		directory.StepAccount: "uid: alice\nuidNumber: 10001\ngidNumber: 10000\nhomeDirectory: /home/alice\nloginShell: /bin/sh\n" +
			"gecos: alice of example",
		directory.StepPassword:  "code: 0\npolicy: the server sent no password policy response",
		directory.StepMemberUID: "attribute: memberUid\nnamed: gid 9",
		directory.StepMember:    "attribute: member, uniqueMember\ndev: gid 2",
		directory.StepGroups:    "dev: gid 2\nnamed: gid 9\nall: gid 1: dev, which is in all\nops: gid 3: dev, which is in all, which is in ops",
	} {
		if got := detailLines(userStep(t, report, step)); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", step, got, want)
		}
	}
	binds := 0
	for _, bind := range server.Binds() {
		if bind.DN == aliceDN {
			binds++
		}
	}
	if binds != 1 {
		t.Errorf("the password was sent %d times", binds)
	}
}

// TestTrialOfActiveDirectory: what is renamed, computed or binary is shown as
// what it becomes.
func TestTrialOfActiveDirectory(t *testing.T) {
	server := newServer(t)
	whole(server)
	server.Add(scripted.Entry{DN: "cn=Carol C," + peopleDN, Attributes: map[string][]string{
		"objectClass": {"user"}, "sAMAccountName": {"carol"}, "uidNumber": {"7"}, "gidNumber": {"8"}, "userAccountControl": {"514"},
		"mail": {"carol@example.com"}, "objectGUID": {"\x33\x22\x11\x00\x55\x44\x77\x66\x88\x99\xaa\xbb\xcc\xdd\xee\xff"},
		"memberOf": {groupDN("dev"), groupDN("gone")},
	}}, group("dev", nil))
	report := tried(t, server, func(cfg *config.Directory) {
		cfg.Passwd = config.Map{ObjectClass: "user", Attributes: map[string]string{"uid": "sAMAccountName"}, Expressions: map[string]string{"homeDirectory": "/home/$sAMAccountName"}}
		cfg.UIDOffset, cfg.GroupsOfUser = 1000, "member_of"
	}, directory.TrialOptions{User: "carol"})
	for step, want := range map[string]string{
		directory.StepAccount: "uid (sAMAccountName): carol\nuidNumber: 1007\ngidNumber: 8\nhomeDirectory (computed): /home/carol\n" +
			"loginShell: \ngecos: \nlocked by: userAccountControl: disabled",
		directory.StepAttributes: "mail: carol@example.com\nobjectGUID: 00112233-4455-6677-8899-aabbccddeeff\n" +
			"memberOf: " + groupDN("dev") + "\nmemberOf: " + groupDN("gone"),
		directory.StepMemberOf: "dn: " + groupDN("dev") + "\ndn: " + groupDN("gone"),
		directory.StepGroups:   "dev: gid 20001",
	} {
		if got := detailLines(userStep(t, report, step)); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", step, got, want)
		}
	}
}

func TestTrialFails(t *testing.T) {
	for name, test := range map[string]struct {
		user, password string
		change         func(*scripted.Server)
		step, err      string
		last           bool // nothing follows on it
	}{
		"no such user":   {"nobody", "x", nil, directory.StepFind, "no entry matches", true},
		"no name":        {"a\x00b", "x", nil, directory.StepFind, `"a\x00b" cannot be a name`, true},
		"another case":   {"ALICE", "x", nil, directory.StepFind, `the entry spells the name otherwise: ["alice"]`, true},
		"wrong password": {"alice", "x", nil, directory.StepPassword, "the server does not accept the password: result code 49", false},
		"empty password": {"alice", "", nil, directory.StepPassword, "empty password", false},
		"twins":          {"twin", "x", twins, directory.StepFind, "more than one entry matches: nobody can say which is meant", true},
		"unusable": {"bad", alicePass, func(s *scripted.Server) {
			s.Add(person("bad", map[string][]string{"uidNumber": {"x"}, "userPassword": {alicePass}}))
		}, directory.StepAccount, "attribute uidNumber", false},
		"groups not read": {"alice", alicePass, refuseGroups, directory.StepGroups, "result code 50", false},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			whole(server)
			if test.change != nil {
				test.change(server)
			}
			report := tried(t, server, nil, directory.TrialOptions{User: test.user, Prove: true, Password: secretOf(test.password)})
			step := userStep(t, report, test.step)
			if !strings.Contains(step.Error, test.err) {
				t.Errorf("error %q, want %q", step.Error, test.err)
			}
			if last := report.User[len(report.User)-1].Name == test.step; last != (test.last || test.step == directory.StepGroups) {
				t.Errorf("steps %+v", report.User)
			}
			if (report.DN == "") != test.last || report.Proven != (test.password == alicePass) {
				t.Errorf("dn %q, proven %v", report.DN, report.Proven)
			}
		})
	}
}

func twins(server *scripted.Server) {
	for _, place := range []string{"ou=a,", "ou=b,"} {
		twin := person("twin", nil)
		twin.DN = "uid=twin," + place + baseDN
		server.Add(twin)
	}
}

func refuseGroups(server *scripted.Server) {
	server.Script(scripted.Script{Search: func(c *scripted.Conn, r *scripted.Request) {
		if strings.Contains(r.Filter.String(), "posixGroup") {
			c.Send(scripted.Result(r.ID, scripted.SearchDone, 50, "no"))
			return
		}
		c.DefaultSearch(r)
	}})
}

// TestTrialAtTheNextServer: the first server is silent, and waited for once.
func TestTrialAtTheNextServer(t *testing.T) {
	silent, server := newServer(t), newServer(t)
	silent.Script(scripted.Script{Bind: func(c *scripted.Conn, _ *scripted.Request) { c.Hang() }})
	whole(server)
	cfg := plainConfig("ldap://"+silent.Listen(t), "ldap://"+server.Listen(t))
	cfg.ConnectTimeout = 150 * time.Millisecond
	report := directory.Trial(within(t, 10*time.Second), cfg, directory.TrialOptions{User: "alice"})
	if report.Server != cfg.URIs[1] || report.DN != aliceDN || report.Servers[0].OK || !report.Servers[1].OK {
		t.Errorf("report %+v", report)
	}
	if n := silent.Connections(); n != 1 {
		t.Errorf("%d connections to the silent server", n)
	}
}

func TestTrialWithoutAServer(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	report := directory.Trial(within(t, 10*time.Second), plainConfig("ldap://"+closed.Addr().String()), directory.TrialOptions{User: "alice"})
	if report.Server != "" || len(report.User) > 0 || report.Usable() || stepNames(report.Servers[0]) != "connect!" ||
		!strings.HasPrefix(report.Servers[0].Steps[0].Error, "dial tcp ") {
		t.Errorf("report %+v", report)
	}
}
