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
	admitAction  = int32(0x676c0004)
	changeAction = int32(0x000d0005)
	configGet    = int32(0x00010001)
	sessionOpen  = int32(0x000d0003)
	sessionClose = int32(0x000d0004)
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
	name          string
	action, admit int32
	nslcd         bool
}

var dialects = []dialect{{"goldapd", loginAction, admitAction, false}, {"nslcd", authenticate, authorize, true}}

// plainSession is what goldapd says of a session beside the verdict: no other user,
// no environment.
var plainSession = []any{"", int32(0)}

// login is the answer to an authentication, up to the end marker.
func (d dialect) login(code int32, user any, authorization int32, message any) []any {
	parts := []any{d.action, resultBegin, code, user, authorization, message}
	if !d.nslcd {
		parts = append(parts, plainSession...)
	}
	return parts
}

// authorized is the answer to an authorization, up to the end marker.
func (d dialect) authorized(code int32, message any) []any {
	if d.nslcd {
		return []any{d.admit, resultBegin, code, message}
	}
	return append([]any{d.admit, resultBegin, code, plain, message}, plainSession...)
}

// end is a frame with the end marker.
func end(parts []any) []byte { return frame(append(parts, resultEnd)...) }

// goodLogin is the answer of goldapd.
func goodLogin(user string) []byte { return end(dialects[0].login(0, user, 0, "")) }

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
	}{}
	for _, d := range dialects {
		cases["authenticate, "+d.name] = struct {
			call   string
			nslcd  bool
			answer []byte
		}{"authenticate", d.nslcd, end(d.login(0, plain, 0, "welcome"))}
		cases["account, "+d.name] = struct {
			call   string
			nslcd  bool
			answer []byte
		}{"acct_mgmt", d.nslcd, end(d.authorized(0, "welcome"))}
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
		for call, answers := range nonsense(dialect) {
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

// nonsense has answers to each call.
func nonsense(d dialect) map[string]map[string][]byte {
	const ok = int32(0)
	long := strings.Repeat("m", 1024)
	good := end(d.login(ok, plain, ok, ""))
	another := append([]any{authorize}, d.login(ok, plain, ok, "")[1:]...)
	ofNobody := append([]any{int32(-1)}, d.login(ok, plain, ok, "")[1:]...)
	marked := func(marker int32) []byte {
		parts := d.login(ok, plain, ok, "")
		parts[1] = marker
		return end(parts)
	}
	return map[string]map[string][]byte{
		"authenticate": {
			"version 0":             append(make([]byte, 4), good[4:]...),
			"version 3":             append([]byte{0, 0, 0, 3}, good[4:]...),
			"other byte order":      append([]byte{2, 0, 0, 0}, good[4:]...),
			"another action":        end(another),
			"action of nobody":      end(ofNobody),
			"marker 0":              marked(0),
			"marker 3":              marked(3),
			"no end":                frame(append(d.login(ok, plain, ok, ""), int32(0))...),
			"two results":           frame(append(d.login(ok, plain, ok, ""), good[8:])...),
			"unknown code":          end(d.login(99, plain, ok, "")),
			"negative code":         end(d.login(-1, plain, ok, "")),
			"code 2^31":             end(d.login(-1<<31, plain, ok, "")),
			"code 256":              end(d.login(256, plain, ok, "")),
			"code 65536":            end(d.login(65536, plain, ok, "")),
			"code for ignore":       end(d.login(25, plain, ok, "")),
			"code for must change":  end(d.login(12, plain, ok, "")),
			"message with NUL":      end(d.login(ok, plain, ok, "a\x00b")),
			"over-long message":     end(d.login(ok, plain, ok, long)),
			"message of 2 GiB":      frame(append(d.login(ok, plain, ok, int32(0x7fffffff)), "x")...),
			"message of -1 bytes":   end(d.login(ok, plain, ok, int32(-1))),
			"user of 2 GiB":         frame(d.action, resultBegin, ok, int32(0x7fffffff), "x"),
			"user of -1 bytes":      end(d.login(ok, int32(-1), ok, "")),
			"text":                  []byte("HTTP/1.1 200 OK\r\n\r\n" + long),
			"zeros":                 make([]byte, 4096),
			"ones":                  bytes.Repeat([]byte{0xff}, 4096),
			"not there":             frame(d.action, resultEnd),
			"not there, and a code": frame(append([]any{d.action, resultEnd}, d.login(ok, plain, ok, "")[2:]...)...),
		},
		"acct_mgmt": {
			"answer to another question": good,
			"unknown code":               end(d.authorized(99, "")),
			"code for ignore":            end(d.authorized(25, "")),
			"over-long message":          end(d.authorized(ok, long)),
			"message with NUL":           end(d.authorized(ok, "\x00")),
			"no end":                     frame(append(d.authorized(ok, ""), resultBegin)...),
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
			got := s.ask(t, d, "authenticate", dialect.nslcd, end(dialect.login(code, plain, 0, "no")))
			expect(t, got, record{said: []string{asked, problem + "no"}, codes: []pam.Error{want}, user: plain})
			got = s.ask(t, d, "acct_mgmt", dialect.nslcd, end(dialect.authorized(code, "")))
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
			answers <- end(dialect.login(0, plain, 13, "expired"))
			answers <- end(dialect.authorized(0, ""))
			f.serveEach(answers)
			got := d.play(t, script{site: s, service: s.service(d.module, "mode=daemon"), user: plain, calls: login[:2], answers: []string{right}})
			expect(t, got, record{said: []string{asked, problem + "expired"}, codes: []pam.Error{success, pam.ErrAcctExpired}, user: plain})
			if asked := f.asked.Load(); (asked == 4) != dialect.nslcd {
				t.Errorf("%s was asked %d times", dialect.name, asked)
			}
			f.Close()
		}
	})
}
