package differential

import (
	"errors"
	"io"
	"net"
	"runtime"
	"syscall"
	"time"
)

// timeLimit is how long one answer may take: nslcd gives up after 10 s.
const timeLimit = 20 * time.Second

// Ask asks the daemon behind socket as the user with this uid. It needs root.
func (q Question) Ask(socket string, uid uint32) (Answer, error) {
	conn, err := connectAs(socket, uid)
	if err != nil {
		return Answer{}, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(timeLimit)); err != nil {
		return Answer{}, err
	}
	if _, err := conn.Write(q.Request()); err != nil {
		return Answer{Ending: Nothing}, nil // a request that is refused need not be read
	}
	return q.Read(resetIsEnd{conn})
}

// connectAs connects as a user: the other side is told whose thread it is that
// connects (unix(7), SO_PEERCRED).
func connectAs(socket string, uid uint32) (net.Conn, error) {
	if uid == 0 {
		return net.Dial("unix", socket)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := effectiveUID(uid); err != nil {
		return nil, err
	}
	conn, err := net.Dial("unix", socket)
	return conn, errors.Join(err, effectiveUID(0))
}

// effectiveUID changes the calling thread's, and no other's.
func effectiveUID(uid uint32) error {
	const same = ^uintptr(0)
	if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, same, uintptr(uid), same); errno != 0 {
		return errno
	}
	return nil
}

// resetIsEnd reads a connection that was closed with something unread on it
// as one that was closed.
type resetIsEnd struct{ net.Conn }

func (c resetIsEnd) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if errors.Is(err, syscall.ECONNRESET) {
		err = io.EOF
	}
	return n, err
}
