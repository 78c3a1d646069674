package directory

import (
	"bytes"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/goldap/goldap/test/scripted"
)

// blocked returns a wire that writes nothing, so that all requests wait.
func blocked(t *testing.T) *wire {
	raw, peer := net.Pipe()
	t.Cleanup(func() { _ = peer.Close() })
	w := newWire(raw, raw, chunk, time.Minute, time.Minute)
	t.Cleanup(func() { _ = w.Close() })
	w.mu.Lock()
	w.flushing = true // by nobody
	w.mu.Unlock()
	return w
}

// passwordRequest returns a message with a password in it.
func passwordRequest(id int64) []byte {
	return scripted.Result(id, scripted.ExtendedRequest, 0, "password")
}

func wiped(b []byte) bool { return !bytes.Contains(b, []byte("password")) }

// TestOutgoingIsWiped: no buffer with passwords is left behind, neither when
// it becomes too small nor when the connection ends.
func TestOutgoingIsWiped(t *testing.T) {
	w := blocked(t)
	var buffers [][]byte
	for id := range int64(20) {
		if _, err := w.Write(passwordRequest(id + 1)); err != nil {
			t.Fatal(err)
		}
		buffers = append(buffers, w.outgoing)
	}
	last := buffers[len(buffers)-1]
	if n := bytes.Count(last, []byte("password")); n != 20 {
		t.Errorf("%d of 20 requests wait to be written", n)
	}
	for i, buffer := range buffers {
		if &buffer[0] != &last[0] && !wiped(buffer) {
			t.Errorf("buffer %d was left behind with a password", i)
		}
	}
	w.fail(errors.New("broken"))
	if !wiped(last) {
		t.Error("requests that were never written are not wiped")
	}
}
