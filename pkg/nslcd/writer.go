package nslcd

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
)

// writer collects fields. The first thing that cannot be sent is remembered
// in err, and everything after it is dropped.
type writer struct {
	buf []byte
	err error
}

func (w *writer) int32(n int32) {
	if w.err == nil {
		w.buf = binary.BigEndian.AppendUint32(w.buf, uint32(n))
	}
}

// string writes a string of at most limit bytes.
func (w *writer) string(text string, limit int) {
	w.check(len(text), limit, strings.IndexByte(text, 0) >= 0)
	w.int32(int32(len(text)))
	if w.err == nil {
		w.buf = append(w.buf, text...)
	}
}

// bytes is string for what is not one in memory.
func (w *writer) bytes(text []byte, limit int) {
	w.check(len(text), limit, bytes.IndexByte(text, 0) >= 0)
	w.int32(int32(len(text)))
	if w.err == nil {
		w.buf = append(w.buf, text...)
	}
}

func (w *writer) check(length, limit int, nul bool) {
	switch {
	case w.err != nil:
	case length > limit:
		w.err = fmt.Errorf("string of %d bytes, the limit is %d: %w", length, limit, ErrLength)
	case nul:
		w.err = ErrNUL
	}
}
