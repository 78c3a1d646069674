package nslcd

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/goldap/goldap/pkg/secret"
)

// reader takes fields from a connection. It reads ahead into buf, which may
// come to hold a password: wipe clears it.
type reader struct {
	src io.Reader
	buf []byte
	// buf[begin:end] has been read ahead.
	begin, end int
	// left is how many bytes the present request or entry may still have.
	left int
}

func (r *reader) wipe() { clear(r.buf) }

// fill reads whatever is there, at least one byte, into the empty buffer.
func (r *reader) fill() error {
	n, err := io.ReadAtLeast(r.src, r.buf, 1)
	if n > 0 {
		r.begin, r.end = 0, n
	}
	return err
}

// spend takes n bytes off the budget of the request or entry.
func (r *reader) spend(n int) error {
	if n > r.left {
		return fmt.Errorf("%d bytes more than a request or entry may have: %w", n-r.left, ErrLength)
	}
	r.left -= n
	return nil
}

// read fills p. The end of the stream before the first byte is io.EOF, later
// io.ErrUnexpectedEOF.
func (r *reader) read(p []byte) error {
	if err := r.spend(len(p)); err != nil {
		return err
	}
	done := 0
	for done < len(p) {
		if r.begin == r.end {
			if err := r.fill(); err != nil {
				return endInside(err, done)
			}
		}
		n := copy(p[done:], r.buf[r.begin:r.end])
		r.begin += n
		done += n
	}
	return nil
}

func endInside(err error, done int) error {
	if done > 0 && errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// readPast fills p from what was read ahead, and the rest straight from the
// connection, so that no further copy comes to exist.
func (r *reader) readPast(p []byte) error {
	if err := r.spend(len(p)); err != nil {
		return err
	}
	n := copy(p, r.buf[r.begin:r.end])
	r.begin += n
	_, err := io.ReadFull(r.src, p[n:])
	return err
}

func (r *reader) int32() (int32, error) {
	var word [4]byte
	if err := r.read(word[:]); err != nil {
		return 0, err
	}
	return int32(binary.BigEndian.Uint32(word[:])), nil
}

// length reads the length of a string or list and checks it.
func (r *reader) length(limit int) (int, error) {
	n, err := r.int32()
	if err != nil {
		return 0, err
	}
	if n < 0 || int64(n) > int64(limit) {
		return 0, fmt.Errorf("%d, the limit is %d: %w", n, limit, ErrLength)
	}
	if int(n) > r.left {
		return 0, fmt.Errorf("%d, only %d may follow: %w", n, r.left, ErrLength)
	}
	return int(n), nil
}

// string reads a string of at most limit bytes.
func (r *reader) string(limit int) (string, error) {
	n, err := r.length(limit)
	if err != nil || n == 0 {
		return "", err
	}
	text := make([]byte, n)
	if err := r.read(text); err != nil {
		return "", noEnd(err)
	}
	if bytes.IndexByte(text, 0) >= 0 {
		return "", ErrNUL
	}
	return string(text), nil
}

// secret reads a string of at most limit bytes that nobody may see.
func (r *reader) secret(limit int) (secret.Secret, error) {
	n, err := r.length(limit)
	if err != nil || n == 0 {
		return secret.Secret{}, err
	}
	text := secret.New(make([]byte, n))
	if err := r.readPast(text.Bytes()); err != nil {
		text.Wipe()
		return secret.Secret{}, noEnd(err)
	}
	if bytes.IndexByte(text.Bytes(), 0) >= 0 {
		text.Wipe()
		return secret.Secret{}, ErrNUL
	}
	return text, nil
}

// noEnd turns io.EOF where more must come into io.ErrUnexpectedEOF.
func noEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
