package module

import (
	"encoding/binary"
	"net"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// fake is a daemon that says what the test wants.
type fake struct {
	*net.UnixListener
	// nslcd makes it close on goldap's own actions without a byte, as nslcd
	// does.
	nslcd bool
	// asked counts requests, heard their bytes.
	asked, heard atomic.Int64
}

// listen makes a fake daemon's socket. It serves nobody yet.
func listen(t *testing.T, path string) *fake {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return &fake{UnixListener: l}
}

// serve reads each request and hands the connection to answer, with the action
// that was asked for. When it returns, the connection is closed.
func (f *fake) serve(answer func(conn net.Conn, action int32)) {
	go func() {
		for {
			conn, err := f.Accept()
			if err != nil {
				return
			}
			go f.serveOne(conn, answer)
		}
	}()
}

func (f *fake) serveOne(conn net.Conn, answer func(conn net.Conn, action int32)) {
	defer conn.Close()
	request := make([]byte, 64<<10)
	n, _ := conn.Read(request)
	f.heard.Add(int64(n))
	f.asked.Add(1)
	if n < 8 {
		return
	}
	if action := int32(binary.BigEndian.Uint32(request[4:])); !f.nslcd || action != loginAction && action != admitAction {
		answer(conn, action)
	}
}

// reply serves everybody the same bytes.
func (f *fake) reply(frame []byte) {
	f.serve(func(conn net.Conn, _ int32) { _, _ = conn.Write(frame) })
}

// holdUntilGone keeps a connection open until the other end closes it.
func holdUntilGone(conn net.Conn) { _, _ = conn.Read(make([]byte, 1)) }

// listenAs listens as another user does: the kernel remembers who called
// listen(2). Only root can do this.
func listenAs(t *testing.T, uid int, path string) *fake {
	t.Helper()
	done := make(chan *fake)
	go func() {
		// A thread whose user has changed is never used again: it is not
		// unlocked.
		runtime.LockOSThread()
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, ^uintptr(0), uintptr(uid), ^uintptr(0)); errno != 0 {
			done <- nil
			return
		}
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		if err != nil {
			done <- nil
			return
		}
		l.SetUnlinkOnClose(false)
		done <- &fake{UnixListener: l}
	}()
	f := <-done
	if f == nil {
		t.Fatalf("uid %d cannot listen at %s", uid, path)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// within fails the test if f takes longer than most, or less than least.
func within(t *testing.T, least, most time.Duration, f func()) {
	t.Helper()
	start := time.Now()
	f()
	// The module counts in whole milliseconds.
	if took := time.Since(start); took < least-2*time.Millisecond || took > most {
		t.Errorf("took %v, want %v to %v", took, least, most)
	}
}

// serveEach gives each request its answer.
func (f *fake) serveEach(answers <-chan []byte) {
	f.serve(func(conn net.Conn, _ int32) { _, _ = conn.Write(<-answers) })
}
