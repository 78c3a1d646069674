package nslcd

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/goldap/goldap/pkg/account"
)

// The markers between the entries of a response.
const (
	resultBegin = 1
	resultEnd   = 2
)

// Response collects a response. Each of the entry methods appends one entry,
// or returns ErrLength or ErrNUL and appends nothing. Flush sends what was
// collected; End, once, says that there is no more.
type Response struct {
	dst io.Writer
	out writer
}

// NewResponse begins the response to action: its header is collected, not yet
// sent.
func NewResponse(dst io.Writer, action Action) *Response {
	r := &Response{out: writer{buf: make([]byte, 0, 256)}}
	r.Reset(dst, action)
	return r
}

// Reset begins the response to another action, in the memory of the last one.
func (r *Response) Reset(dst io.Writer, action Action) {
	r.dst, r.out = dst, writer{buf: r.out.buf[:0]}
	r.out.int32(Version)
	r.out.int32(int32(action))
}

// Flush sends what was collected, in one write.
func (r *Response) Flush() error {
	if len(r.out.buf) == 0 {
		return nil
	}
	_, err := r.dst.Write(r.out.buf)
	r.out.buf = r.out.buf[:0]
	return err
}

// Buffered returns how many bytes were collected and not sent yet.
func (r *Response) Buffered() int { return len(r.out.buf) }

// End appends the end marker: the answer is complete.
func (r *Response) End() { r.out.int32(resultEnd) }

// entry appends what write writes as one entry, or nothing.
func (r *Response) entry(write func(*writer)) error {
	before := len(r.out.buf)
	r.out.int32(resultBegin)
	write(&r.out)
	err := r.out.err
	if size := len(r.out.buf) - before; err == nil && size > MaxEntry {
		err = fmt.Errorf("entry of %d bytes: %w", size, ErrLength)
	}
	if err != nil {
		r.out.buf, r.out.err = r.out.buf[:before], nil
	}
	return err
}

// Passwd appends an entry of the passwd map. password is what getpwnam(3)
// shows as pw_passwd.
func (r *Response) Passwd(a account.Account, password string) error {
	return r.entry(func(out *writer) {
		out.string(a.Name, MaxEntry)
		out.string(password, MaxEntry)
		out.int32(int32(a.UID))
		out.int32(int32(a.GID))
		out.string(a.Gecos, MaxEntry)
		out.string(a.Home, MaxEntry)
		out.string(a.Shell, MaxEntry)
	})
}

// Group appends an entry of the group map.
func (r *Response) Group(g account.Group, password string) error {
	return r.entry(func(out *writer) {
		out.string(g.Name, MaxEntry)
		out.string(password, MaxEntry)
		out.int32(int32(g.GID))
		out.list(g.Members)
	})
}

// Shadow appends an entry of the shadow map. A flag that is not set is sent as
// 0, as nslcd does; the other numbers as -1.
func (r *Response) Shadow(s account.Shadow, password string) error {
	flag := s.Flag
	if flag == account.NotSet {
		flag = 0
	}
	return r.entry(func(out *writer) {
		out.string(s.Name, MaxEntry)
		out.string(password, MaxEntry)
		for _, n := range []int32{s.LastChange, s.Min, s.Max, s.Warn, s.Inactive, s.Expire, flag} {
			out.int32(n)
		}
	})
}

// Config appends the value that ActionConfigGet asked for.
func (r *Response) Config(value string) error {
	return r.entry(func(out *writer) { out.message(value) })
}

// Authenticated appends the verdict of ActionAuthenticate: on the password,
// and on whether the user, in the directory's spelling, may log in.
func (r *Response) Authenticated(v Authentication) error {
	return r.entry(func(out *writer) {
		out.int32(int32(v.Code))
		out.string(v.User, MaxMessage)
		out.int32(int32(v.Authorization))
		out.message(v.Message)
	})
}

// LoggedIn appends the verdict of ActionLogin.
func (r *Response) LoggedIn(v Authentication) error {
	return r.entry(func(out *writer) {
		out.int32(int32(v.Code))
		out.string(v.User, MaxMessage)
		out.int32(int32(v.Authorization))
		out.message(v.Message)
		out.session(v.Session)
	})
}

// Admitted appends the verdict of ActionAdmit.
func (r *Response) Admitted(v Admission) error {
	return r.entry(func(out *writer) {
		out.int32(int32(v.Code))
		out.string(v.User, MaxMessage)
		out.message(v.Message)
		out.session(v.Session)
	})
}

func (w *writer) session(s Session) {
	w.string(s.Account, MaxName)
	w.list(s.Environment)
}

// Verdict appends the verdict of ActionAuthorize or ActionChangePassword.
func (r *Response) Verdict(v Verdict) error {
	return r.entry(func(out *writer) {
		out.int32(int32(v.Code))
		out.message(v.Message)
	})
}

// SessionOpened appends the id of a session.
func (r *Response) SessionOpened(id string) error {
	return r.entry(func(out *writer) { out.string(id, MaxName) })
}

// SessionClosed appends the empty entry that says that a session was closed.
func (r *Response) SessionClosed() error {
	return r.entry(func(*writer) {})
}

// message writes a text for a person, cut where the stock client needs it.
func (w *writer) message(text string) {
	text, _, _ = strings.Cut(text, "\x00")
	w.string(cut(text, MaxMessage), MaxMessage)
}

// cut returns the longest beginning of text that has at most limit bytes and
// does not end inside a rune.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	end := limit
	for end > limit-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}
