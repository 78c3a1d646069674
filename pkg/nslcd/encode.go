package nslcd

import (
	"fmt"
	"io"
)

// WriteRequest sends request in one write and wipes its copy of the passwords.
// It returns ErrLength, ErrNUL or ErrAction, with nothing sent, for a request
// that a server would refuse.
func WriteRequest(dst io.Writer, request Request) error {
	// Large enough never to grow: growing would leave copies of a password.
	out := writer{buf: make([]byte, 0, requestSize(request))}
	defer func() { clear(out.buf[:cap(out.buf)]) }()
	if err := encodeRequest(&out, request); err != nil {
		return err
	}
	_, err := dst.Write(out.buf)
	return err
}

func encodeRequest(out *writer, request Request) error {
	fields, known := requestFields[request.Action]
	if !known {
		return fmt.Errorf("%v: %w", request.Action, ErrAction)
	}
	out.int32(Version)
	out.int32(int32(request.Action))
	for _, field := range fields {
		field.encode(out, request)
		if out.err != nil {
			return fmt.Errorf("%s: %w", field.name, out.err)
		}
	}
	if len(out.buf) > MaxRequest {
		return fmt.Errorf("request of %d bytes: %w", len(out.buf), ErrLength)
	}
	return nil
}

// requestSize returns a bound on the length of the encoded request.
func requestSize(r Request) int {
	const words = 18 // header, numbers, an address and the lengths of all strings
	fields := 0
	for _, one := range r.Fields {
		fields += 8 + len(one.Text)
	}
	return 4*words + fields + len(r.Name) + len(r.Protocol) + len(r.SessionID) + r.Password.Len() + r.NewPassword.Len() +
		len(r.PAM.User) + len(r.PAM.Service) + len(r.PAM.RUser) + len(r.PAM.RHost) + len(r.PAM.TTY)
}
