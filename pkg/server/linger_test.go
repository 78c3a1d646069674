package server

import (
	"net"
	"path/filepath"
	"testing"
	"time"
)

// What is there is seen at once, what is not is not waited for any longer than
// asked, and a closed socket ends the waiting.
func TestAwait(t *testing.T) {
	listener, err := Listen(filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	raw, err := listener.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	if await(raw, time.Millisecond) || time.Since(started) < time.Millisecond {
		t.Errorf("nobody is there, known after %v", time.Since(started))
	}
	conn, err := net.Dial("unix", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if !await(raw, time.Hour) {
		t.Error("a connection is not seen")
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if await(raw, time.Hour) {
		t.Error("a closed socket has a connection")
	}
}

// Nobody is waited for behind what was not answered from memory, and only once.
func TestLingerOnlyBehindAnAnswer(t *testing.T) {
	listener, err := Listen(filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	conn, err := net.Dial("unix", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	raw, err := listener.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var q quick
	for step, want := range []bool{false, true, false} {
		q.answered = step == 1
		if q.linger(raw); q.awake != want {
			t.Errorf("step %d: awake is %v", step, q.awake)
		}
	}
}
