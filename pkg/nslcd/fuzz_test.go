package nslcd_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"

	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/goldap/goldap/test/wire"
)

// FuzzRequest: whatever ReadRequest takes, WriteRequest writes, and that is
// taken again as the same request.
func FuzzRequest(f *testing.F) {
	for _, frame := range wire.Read(f, "lookups.txt", "maps.txt", "pam.txt", "usermod.txt", "explain.txt", "about.txt", "refused.txt") {
		f.Add(frame.Request)
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		request, err := nslcd.ReadRequest(bytes.NewReader(frame))
		if err != nil {
			return
		}
		var first, second bytes.Buffer
		if err := nslcd.WriteRequest(&first, request); err != nil {
			t.Fatalf("cannot be written: %v", err)
		}
		again, err := nslcd.ReadRequest(bytes.NewReader(first.Bytes()))
		if err != nil {
			t.Fatalf("cannot be read again: %v", err)
		}
		if err := nslcd.WriteRequest(&second, again); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Errorf("%v:\n%x\n%x", err, first.Bytes(), second.Bytes())
		}
	})
}

// FuzzResponse: whatever is taken as a response is bounded, and what is
// encoded again is taken again.
func FuzzResponse(f *testing.F) {
	for _, frame := range wire.Read(f, "lookups.txt", "maps.txt", "pam.txt", "usermod.txt", "explain.txt", "about.txt") {
		f.Add(frame.Response)
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		if len(frame) < 8 {
			return
		}
		action := nslcd.Action(binary.BigEndian.Uint32(frame[4:]))
		var first, second bytes.Buffer
		if transcode(&first, bytes.NewReader(frame), action) != nil {
			return
		}
		if err := transcode(&second, io.LimitReader(&first, int64(first.Len())), action); err != nil {
			t.Fatalf("cannot be read again: %v", err)
		}
	})
}
