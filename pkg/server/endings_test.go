package server_test

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/goldap/goldap/pkg/server"
	"github.com/goldap/goldap/test/scripted"
	"github.com/goldap/goldap/test/wire"
)

// ending is how an answer ends: with or without the header, so many entries,
// and the end marker or not.
type ending struct {
	header  bool
	entries int
	end     bool
}

// endingOf reads the whole answer to a request.
func (l *lab) endingOf(t *testing.T, request nslcd.Request) ending {
	t.Helper()
	conn, err := dialUnix(l.socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := nslcd.WriteRequest(conn, request); err != nil {
		t.Fatal(err)
	}
	return readEnding(t, conn, request.Action)
}

func readEnding(t *testing.T, conn io.Reader, action nslcd.Action) (e ending) {
	t.Helper()
	answer := nslcd.NewAnswerReader(conn)
	if err := answer.Header(action); err != nil {
		return e
	}
	e.header = true
	for {
		more, err := answer.Next()
		if err != nil || !more {
			e.end = err == nil
			return e
		}
		e.entries++
		switch action >> 16 {
		case nslcd.ActionPasswdAll >> 16:
			_, _, err = answer.Passwd()
		case nslcd.ActionGroupAll >> 16:
			_, _, err = answer.Group()
		case nslcd.ActionShadowAll >> 16:
			_, _, err = answer.Shadow()
		case nslcd.ActionAuthenticate >> 16:
			_, err = answer.Verdict()
		case nslcd.ActionUserMod >> 16:
			_, err = answer.Modified()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// These are how answers end in nslcd, see section by section, and in goldap.
func TestEndingsTable(t *testing.T) {
	byName := func(name string) nslcd.Request { return nslcd.Request{Action: nslcd.ActionPasswdByName, Name: name} }
	of := func(action nslcd.Action, name string) nslcd.Request {
		return nslcd.Request{Action: action, Name: name, PAM: nslcd.PAM{User: name}}
	}
	bases := func(dns ...string) func(*lab) {
		return func(l *lab) {
			for _, dn := range dns {
				l.dir.Passwd.Bases = append(l.dir.Passwd.Bases, config.SearchBase{DN: dn})
			}
		}
	}
	limited := func(l *lab) {
		l.dir.PageSize = 0
		l.script.Search = func(c *scripted.Conn, r *scripted.Request) {
			entry := scripted.Entry{DN: labDN, Attributes: map[string][]string{"objectClass": {"posixAccount"}, "uid": {labUser},
				"cn": {"x"}, "uidNumber": {"20001"}, "gidNumber": {"20000"}, "homeDirectory": {"/"}}}
			c.Send(scripted.EntryMessage(r.ID, entry), scripted.Result(r.ID, scripted.SearchDone, 4, "size limit"))
		}
	}
	none, nothing, cut := ending{}, ending{header: true, end: true}, ending{header: true}
	one := ending{header: true, entries: 1, end: true}
	const missing = "ou=missing,dc=elsewhere"
	for name, row := range map[string]struct {
		lab         func(*lab)
		request     nslcd.Request
		nslcd, want ending
		why         string
	}{
		"found":                        {nil, byName(labUser), one, one, ""},
		"not there":                    {nil, byName("labnobody"), nothing, nothing, ""},
		"directory away":               {away, byName(labUser), cut, cut, ""},
		"directory away, all":          {away, nslcd.Request{Action: nslcd.ActionPasswdAll}, cut, cut, ""},
		"all":                          {nil, nslcd.Request{Action: nslcd.ActionPasswdAll}, one, one, ""},
		"name refused":                 {nil, byName("a/b"), none, nothing, "it is certain that there is no such user"},
		"group name refused":           {nil, of(nslcd.ActionGroupByName, "a/b"), none, nothing, "it is certain that there is no such group"},
		"member name refused":          {nil, of(nslcd.ActionGroupByMember, "a/b"), none, nothing, "it is certain that there is no such user"},
		"shadow name refused":          {nil, of(nslcd.ActionShadowByName, "a/b"), none, nothing, "it is certain that there is no such user"},
		"name refused, authorize":      {nil, of(nslcd.ActionAuthorize, "a/b"), nothing, nothing, ""},
		"name refused, usermod":        {nil, of(nslcd.ActionUserMod, "a/b"), nothing, one, "without a password nobody is asked"},
		"no name":                      {nil, byName(""), none, nothing, "it is certain that there is no such user"},
		"uid below the window":         {nil, nslcd.Request{Action: nslcd.ActionPasswdByUID, ID: 999}, nothing, nothing, ""},
		"uid 4294967295":               {nil, nslcd.Request{Action: nslcd.ActionPasswdByUID, ID: 1<<32 - 1}, nothing, nothing, ""},
		"first base missing":           {bases(missing, labBase), byName(labUser), one, one, ""},
		"last base missing":            {bases(labBase, missing), byName(labUser), ending{header: true, entries: 1}, one, "a missing base has no entries"},
		"last base missing, not there": {bases(labBase, missing), byName("labnobody"), cut, nothing, "a missing base has no entries"},
		"last base missing, all":       {bases(labBase, missing), nslcd.Request{Action: nslcd.ActionPasswdAll}, ending{header: true, entries: 1}, one, "a missing base has no entries"},
		"size limit, all":              {limited, nslcd.Request{Action: nslcd.ActionPasswdAll}, ending{header: true, entries: 1}, ending{header: true, entries: 1}, ""},
		"no enumeration":               {func(l *lab) { l.cfg.Lookups.Enumerate = false }, nslcd.Request{Action: nslcd.ActionPasswdAll}, none, none, ""},
		"no enumeration, groups":       {func(l *lab) { l.cfg.Lookups.Enumerate = false }, nslcd.Request{Action: nslcd.ActionGroupAll}, none, none, ""},
		"no enumeration, shadow":       {func(l *lab) { l.cfg.Lookups.Enumerate = false }, nslcd.Request{Action: nslcd.ActionShadowAll}, none, none, ""},
		"usermod without password":     {nil, of(nslcd.ActionUserMod, labUser), one, one, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(row.lab)
			l.serve(t)
			if got := l.endingOf(t, row.request); got != row.want {
				t.Errorf("got %+v, want %+v", got, row.want)
			}
			if (row.nslcd == row.want) != (row.why == "") {
				t.Errorf("nslcd has %+v, we %+v: why %q", row.nslcd, row.want, row.why)
			}
		})
	}
}

// Every request is understood in whatever pieces it comes, and whatever comes
// after it.
func TestEveryRequestInPieces(t *testing.T) {
	w := start(t, nil)
	for _, frame := range wire.Read(t, "maps.txt", "lookups.txt", "pam.txt", "usermod.txt") {
		if !concernsTheFake(frame.Name) || frame.Name == "session-open" || len(frame.Request) > 1000 {
			continue
		}
		t.Run(frame.Name, func(t *testing.T) {
			conn := w.dial(t)
			for i := range frame.Request {
				if _, err := conn.Write(frame.Request[i : i+1]); err != nil {
					t.Fatal(err)
				}
			}
			if got := readAll(t, conn); !bytes.Equal(got, frame.Response) {
				t.Errorf("in pieces: got\n%x\nwant\n%x", got, frame.Response)
			}
			if got := w.ask(t, append(bytes.Clone(frame.Request), "and more of it"...)); !bytes.Equal(got, frame.Response) {
				t.Errorf("with more behind it: got\n%x\nwant\n%x", got, frame.Response)
			}
		})
	}
}

// Strings that are too long, or have a length that cannot be, are refused in
// every field of every action, and nothing is kept for them.
func TestHostileLengthsInEveryField(t *testing.T) {
	w := start(t, quick)
	for _, action := range []nslcd.Action{
		nslcd.ActionAliasByName, nslcd.ActionEtherByName, nslcd.ActionGroupByName, nslcd.ActionGroupByMember, nslcd.ActionHostByName,
		nslcd.ActionNetgroupByName, nslcd.ActionNetworkByName, nslcd.ActionPasswdByName, nslcd.ActionProtocolByName,
		nslcd.ActionRPCByName, nslcd.ActionServiceByName, nslcd.ActionShadowByName, nslcd.ActionAuthenticate, nslcd.ActionAuthorize,
		nslcd.ActionSessionOpen, nslcd.ActionSessionClose, nslcd.ActionChangePassword, nslcd.ActionUserMod,
	} {
		head := []byte{0, 0, 0, 2, byte(action >> 24), byte(action >> 16), byte(action >> 8), byte(action)}
		for name, field := range map[string][]byte{
			"256 bytes":     append([]byte{0, 0, 1, 0}, bytes.Repeat([]byte("n"), 256)...),
			"64 KiB":        append([]byte{0, 1, 0, 0}, bytes.Repeat([]byte("n"), 64<<10)...),
			"2^31":          {0x80, 0, 0, 0},
			"2^31-1":        {0x7f, 0xff, 0xff, 0xff, 'n'},
			"minus one":     {0xff, 0xff, 0xff, 0xff},
			"NUL":           {0, 0, 0, 3, 'a', 0, 'b'},
			"half a length": {0, 0},
		} {
			if got := w.ask(t, append(bytes.Clone(head), field...)); len(got) > 0 {
				t.Errorf("%v, %s: got %x", action, name, got)
			}
		}
	}
	if n := w.fake.logins.Load(); n > 0 {
		t.Errorf("%d of them came to a decision", n)
	}
}

// Names of 64 KiB that many callers send at the same time cost next to nothing.
func TestMemoryOfHostileNames(t *testing.T) {
	w := start(t, func(_ *server.Backend, o *server.Options) {
		o.HeaderTimeout, o.RequestTimeout = time.Minute, time.Minute
	})
	before := memoryInUse()
	var conns []net.Conn
	for range 50 {
		conn := w.dial(t)
		// Half of a frame that promises as much as may be promised.
		request := append([]byte{0, 0, 0, 2, 0, 13, 0, 1, 0, 0, 0, 3}, "ada"...)
		request = append(request, strings.Repeat("\x00", 16)...)
		request = append(request, 0, 0, 0x20, 0)
		if _, err := conn.Write(append(request, "half"...)); err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	frame := frameNamed(t, "passwd-by-name")
	if got := w.ask(t, frame.Request); !bytes.Equal(got, frame.Response) {
		t.Errorf("somebody else got %x", got)
	}
	if grown := int64(memoryInUse()) - int64(before); grown > 8<<20 {
		t.Errorf("%d callers cost %d KiB", len(conns), grown>>10)
	}
}
