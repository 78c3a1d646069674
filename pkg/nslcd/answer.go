package nslcd

import (
	"fmt"
	"io"
	"net/netip"

	"github.com/goldap/goldap/pkg/account"
)

// Authentication is the answer to ActionAuthenticate and ActionLogin.
type Authentication struct {
	// Code is the verdict on the password.
	Code Code
	// User is the name in the directory's spelling.
	User string
	// Authorization is the verdict on whether the user may log in, Message
	// the text for the person.
	Authorization Code
	Message       string
	// Session is in the answer to ActionLogin only.
	Session Session
}

// Session is what goldap's own answers say about a login that succeeds.
type Session struct {
	// Account is the user of this machine whom the user becomes; empty is
	// themselves.
	Account string
	// Environment are variables of the PAM environment, NAME=VALUE each
	// (pam_putenv(3)).
	Environment []string
}

// Admission is the answer to ActionAdmit.
type Admission struct {
	// Code is the verdict on whether the user may log in.
	Code Code
	// User is the name in the directory's spelling, Message the text for the
	// person.
	User, Message string
	Session       Session
}

// Verdict is the answer to ActionAuthorize and ActionChangePassword.
type Verdict struct {
	Code    Code
	Message string
}

// AnswerReader decodes a response: Header once, then Next before each entry.
type AnswerReader struct {
	in reader
}

// NewAnswerReader returns a reader of the response that src sends.
func NewAnswerReader(src io.Reader) *AnswerReader {
	return &AnswerReader{in: reader{src: src, buf: make([]byte, 4*readAhead), left: 8}}
}

// Header reads the header of the response to action. It returns io.EOF if the
// server closed without a byte, which is how it refuses a request.
func (r *AnswerReader) Header(action Action) error {
	version, err := r.in.int32()
	if err != nil {
		return err
	}
	if version != Version {
		return fmt.Errorf("version %d: %w", version, ErrVersion)
	}
	word, err := r.in.int32()
	if err != nil {
		return noEnd(err)
	}
	if Action(word) != action {
		return fmt.Errorf("%v in the answer to %v: %w", Action(word), action, ErrAction)
	}
	return nil
}

// Next reports whether an entry follows. The end of the stream instead of the
// end marker is io.ErrUnexpectedEOF: the server could not find out.
func (r *AnswerReader) Next() (bool, error) {
	r.in.left = MaxEntry
	marker, err := r.in.int32()
	if err != nil {
		return false, noEnd(err)
	}
	switch marker {
	case resultBegin:
		return true, nil
	case resultEnd:
		return false, nil
	default:
		return false, fmt.Errorf("marker %d: %w", marker, ErrMarker)
	}
}

// entry reads the fields of one entry. After an error the destinations hold
// anything: the caller returns zero values.
func (r *AnswerReader) entry(fields ...any) error {
	for _, field := range fields {
		if err := r.field(field); err != nil {
			return noEnd(err)
		}
	}
	return nil
}

func (r *AnswerReader) field(field any) (err error) {
	switch to := field.(type) {
	case *string:
		*to, err = r.in.string(MaxEntry)
	case *int32:
		*to, err = r.in.int32()
	case *Code:
		var n int32
		n, err = r.in.int32()
		*to = Code(n)
	case *uint32:
		var n int32
		n, err = r.in.int32()
		*to = uint32(n)
	case *[]string:
		*to, err = r.list()
	case *[]netip.Addr:
		*to, err = r.addresses()
	case *account.EtherAddr:
		err = r.in.read(to[:])
	default:
		panic(fmt.Sprintf("nslcd: no encoding for %T", field))
	}
	return err
}

// list reads a STRINGLIST. It allocates as the strings arrive: the count is
// only the other end's word.
func (r *AnswerReader) list() ([]string, error) {
	const lengthWord = 4
	count, err := r.in.length(r.in.left / lengthWord)
	if err != nil || count == 0 {
		return nil, err
	}
	list := make([]string, 0, min(count, 64))
	for range count {
		text, err := r.in.string(MaxEntry)
		if err != nil {
			return nil, err
		}
		list = append(list, text)
	}
	return list, nil
}

// Passwd reads an entry of the passwd map.
func (r *AnswerReader) Passwd() (a account.Account, password string, err error) {
	err = r.entry(&a.Name, &password, &a.UID, &a.GID, &a.Gecos, &a.Home, &a.Shell)
	if err != nil {
		return account.Account{}, "", fmt.Errorf("passwd entry: %w", err)
	}
	return a, password, nil
}

// Group reads an entry of the group map.
func (r *AnswerReader) Group() (g account.Group, password string, err error) {
	err = r.entry(&g.Name, &password, &g.GID, &g.Members)
	if err != nil {
		return account.Group{}, "", fmt.Errorf("group entry: %w", err)
	}
	return g, password, nil
}

// Shadow reads an entry of the shadow map.
func (r *AnswerReader) Shadow() (s account.Shadow, password string, err error) {
	err = r.entry(&s.Name, &password, &s.LastChange, &s.Min, &s.Max, &s.Warn, &s.Inactive, &s.Expire, &s.Flag)
	if err != nil {
		return account.Shadow{}, "", fmt.Errorf("shadow entry: %w", err)
	}
	return s, password, nil
}

// Config reads the value that ActionConfigGet asked for.
func (r *AnswerReader) Config() (value string, err error) {
	if err := r.entry(&value); err != nil {
		return "", fmt.Errorf("configuration value: %w", err)
	}
	return value, nil
}

// Authentication reads the verdict of ActionAuthenticate.
func (r *AnswerReader) Authentication() (v Authentication, err error) {
	if err := r.entry(&v.Code, &v.User, &v.Authorization, &v.Message); err != nil {
		return Authentication{Code: CodeAuthInfoUnavail, Authorization: CodeAuthInfoUnavail},
			fmt.Errorf("authentication verdict: %w", err)
	}
	return v, nil
}

// Login reads the verdict of ActionLogin.
func (r *AnswerReader) Login() (v Authentication, err error) {
	err = r.entry(&v.Code, &v.User, &v.Authorization, &v.Message, &v.Session.Account, &v.Session.Environment)
	if err != nil {
		return Authentication{Code: CodeAuthInfoUnavail, Authorization: CodeAuthInfoUnavail}, fmt.Errorf("login verdict: %w", err)
	}
	return v, nil
}

// Admission reads the verdict of ActionAdmit.
func (r *AnswerReader) Admission() (v Admission, err error) {
	if err := r.entry(&v.Code, &v.User, &v.Message, &v.Session.Account, &v.Session.Environment); err != nil {
		return Admission{Code: CodeAuthInfoUnavail}, fmt.Errorf("admission verdict: %w", err)
	}
	return v, nil
}

// Verdict reads the verdict of ActionAuthorize or ActionChangePassword.
func (r *AnswerReader) Verdict() (v Verdict, err error) {
	if err := r.entry(&v.Code, &v.Message); err != nil {
		return Verdict{Code: CodeAuthInfoUnavail}, fmt.Errorf("verdict: %w", err)
	}
	return v, nil
}

// SessionID reads the id of a session that was opened.
func (r *AnswerReader) SessionID() (id string, err error) {
	if err := r.entry(&id); err != nil {
		return "", fmt.Errorf("session id: %w", err)
	}
	return id, nil
}
