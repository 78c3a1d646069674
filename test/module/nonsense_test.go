package module

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/msteinert/pam/v2"
)

// Words of the protocol (docs/protocol.md). They are written out here again:
// what is tested is what is on the wire.
const (
	version      = int32(2)
	passwdByName = int32(0x00080001)
	authenticate = int32(0x000d0001)
	authorize    = int32(0x000d0002)
	loginAction  = int32(0x676c0001) // goldap's own
	resultBegin  = int32(1)
	resultEnd    = int32(2)
)

// frame encodes an answer: the version, then what is given.
func frame(parts ...any) []byte {
	var b bytes.Buffer
	put(&b, version)
	for _, part := range parts {
		put(&b, part)
	}
	return b.Bytes()
}

func put(b *bytes.Buffer, part any) {
	switch value := part.(type) {
	case int32:
		_ = binary.Write(b, binary.BigEndian, value)
	case string:
		put(b, int32(len(value)))
		b.WriteString(value)
	case []byte:
		b.Write(value)
	default:
		panic(fmt.Sprintf("%T", part))
	}
}

// dialect is how a daemon answers a login.
type dialect struct {
	name   string
	action int32
	nslcd  bool
}

var dialects = []dialect{{"goldapd", loginAction, false}, {"nslcd", authenticate, true}}

// goodLogin is the answer of goldapd.
func goodLogin(user string) []byte {
	return frame(loginAction, resultBegin, int32(0), user, int32(0), "", resultEnd)
}

// ask plays the call against a daemon that gives the answer.
func (s *site) ask(t *testing.T, d driver, call string, nslcd bool, answer []byte) record {
	t.Helper()
	f := listen(t, s.socket)
	defer f.Close()
	f.nslcd = nslcd
	f.reply(answer)
	return d.play(t, script{site: s, service: s.service(d.module, "mode=daemon"), user: plain, calls: []string{call}, answers: []string{wrong}})
}

// TestPrefixes: of all beginnings of a good answer only the whole is good.
func TestPrefixes(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		call   string
		nslcd  bool
		answer []byte
	}{
		"authenticate, goldapd": {"authenticate", false, frame(loginAction, resultBegin, int32(0), plain, int32(0), "welcome", resultEnd)},
		"authenticate, nslcd":   {"authenticate", true, frame(authenticate, resultBegin, int32(0), plain, int32(0), "welcome", resultEnd)},
		"account":               {"acct_mgmt", false, frame(authorize, resultBegin, int32(0), "welcome", resultEnd)},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d driver) {
				s := newSite(t)
				for n := range len(c.answer) + 1 {
					want := noService
					if n == len(c.answer) {
						want = success
					}
					if got := s.ask(t, d, c.call, c.nslcd, c.answer[:n]); got.codes[0] != want {
						t.Errorf("%d of %d bytes: code %v, want %v", n, len(c.answer), got.codes[0], want)
					}
				}
			})
		})
	}
}

// TestNonsense: answers that are not the one for success.
func TestNonsense(t *testing.T) {
	t.Parallel()
	for _, dialect := range dialects {
		for call, answers := range nonsense(dialect.action) {
			t.Run(call+", "+dialect.name, func(t *testing.T) {
				each(t, func(t *testing.T, d driver) {
					s := newSite(t)
					for name, answer := range answers {
						got := s.ask(t, d, call, dialect.nslcd, answer)
						if len(got.codes) != 1 || got.codes[0] == success {
							t.Errorf("%s: codes %v", name, got.codes)
						}
					}
				})
			})
		}
	}
}

// nonsense has answers to each call, where action asks for a login.
func nonsense(action int32) map[string]map[string][]byte {
	const ok = int32(0)
	long := strings.Repeat("m", 1024)
	good := frame(action, resultBegin, ok, plain, ok, "", resultEnd)
	return map[string]map[string][]byte{
		"authenticate": {
			"version 0":             append(make([]byte, 4), good[4:]...),
			"version 3":             append([]byte{0, 0, 0, 3}, good[4:]...),
			"other byte order":      append([]byte{2, 0, 0, 0}, good[4:]...),
			"another action":        frame(authorize, resultBegin, ok, plain, ok, "", resultEnd),
			"action of nobody":      frame(int32(-1), resultBegin, ok, plain, ok, "", resultEnd),
			"marker 0":              frame(action, int32(0), ok, plain, ok, "", resultEnd),
			"marker 3":              frame(action, int32(3), ok, plain, ok, "", resultEnd),
			"no end":                frame(action, resultBegin, ok, plain, ok, "", int32(0)),
			"two results":           frame(action, resultBegin, ok, plain, ok, "", resultBegin, ok, plain, ok, "", resultEnd),
			"unknown code":          frame(action, resultBegin, int32(99), plain, ok, "", resultEnd),
			"negative code":         frame(action, resultBegin, int32(-1), plain, ok, "", resultEnd),
			"code 2^31":             frame(action, resultBegin, int32(-1<<31), plain, ok, "", resultEnd),
			"code 256":              frame(action, resultBegin, int32(256), plain, ok, "", resultEnd),
			"code 65536":            frame(action, resultBegin, int32(65536), plain, ok, "", resultEnd),
			"code for ignore":       frame(action, resultBegin, int32(25), plain, ok, "", resultEnd),
			"code for must change":  frame(action, resultBegin, int32(12), plain, ok, "", resultEnd),
			"message with NUL":      frame(action, resultBegin, ok, plain, ok, "a\x00b", resultEnd),
			"over-long message":     frame(action, resultBegin, ok, plain, ok, long, resultEnd),
			"message of 2 GiB":      frame(action, resultBegin, ok, plain, ok, int32(0x7fffffff), "x"),
			"message of -1 bytes":   frame(action, resultBegin, ok, plain, ok, int32(-1), resultEnd),
			"user of 2 GiB":         frame(action, resultBegin, ok, int32(0x7fffffff), "x"),
			"user of -1 bytes":      frame(action, resultBegin, ok, int32(-1), ok, "", resultEnd),
			"text":                  []byte("HTTP/1.1 200 OK\r\n\r\n" + long),
			"zeros":                 make([]byte, 4096),
			"ones":                  bytes.Repeat([]byte{0xff}, 4096),
			"not there":             frame(action, resultEnd),
			"not there, and a code": frame(action, resultEnd, ok, plain, ok, "", resultEnd),
		},
		"acct_mgmt": {
			"answer to another question": frame(action, resultBegin, ok, plain, ok, "", resultEnd),
			"unknown code":               frame(authorize, resultBegin, int32(99), "", resultEnd),
			"code for ignore":            frame(authorize, resultBegin, int32(25), "", resultEnd),
			"over-long message":          frame(authorize, resultBegin, ok, long, resultEnd),
			"message with NUL":           frame(authorize, resultBegin, ok, "\x00", resultEnd),
			"no end":                     frame(authorize, resultBegin, ok, "", resultBegin),
		},
	}
}

// TestEveryCode holds the table of codes: of all that a daemon may send only 0
// is success.
func TestEveryCode(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d driver) {
		s := newSite(t)
		for code := int32(1); code < 34; code++ {
			dialect := dialects[code%2]
			want := authErr
			if pam.Error(code) == noService {
				want = noService
			}
			got := s.ask(t, d, "authenticate", dialect.nslcd, frame(dialect.action, resultBegin, code, plain, int32(0), "no", resultEnd))
			expect(t, got, record{said: []string{asked, problem + "no"}, codes: []pam.Error{want}, user: plain})
			got = s.ask(t, d, "acct_mgmt", false, frame(authorize, resultBegin, code, "", resultEnd))
			if got.codes[0] == success {
				t.Errorf("account: code %d is success", code)
			}
		}
	})
}

// TestSecondVerdict: a good password with a bad second verdict is kept for the
// account group, which repeats it although an nslcd now says yes. goldapd has
// looked at every rule: it is not asked again.
func TestSecondVerdict(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d driver) {
		s := newSite(t)
		for _, dialect := range dialects {
			f := listen(t, s.socket)
			f.nslcd = dialect.nslcd
			answers := make(chan []byte, 2)
			answers <- frame(dialect.action, resultBegin, int32(0), plain, int32(13), "expired", resultEnd)
			answers <- frame(authorize, resultBegin, int32(0), "", resultEnd)
			f.serveEach(answers)
			got := d.play(t, script{site: s, service: s.service(d.module, "mode=daemon"), user: plain, calls: login[:2], answers: []string{right}})
			expect(t, got, record{said: []string{asked, problem + "expired"}, codes: []pam.Error{success, pam.ErrAcctExpired}, user: plain})
			if asked := f.asked.Load(); (asked == 3) != dialect.nslcd {
				t.Errorf("%s was asked %d times", dialect.name, asked)
			}
			f.Close()
		}
	})
}
