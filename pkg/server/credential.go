package server

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// Credential says which process is at the other end of a socket.
type Credential struct {
	PID int32
	// UID and GID are the effective ones at the time of connect(2).
	UID, GID uint32
}

// IsRoot reports whether the caller has uid 0.
func (c Credential) IsRoot() bool { return c.UID == 0 }

// PeerCredential asks the kernel who is at the other end (SO_PEERCRED, unix(7)).
func PeerCredential(conn syscall.Conn) (Credential, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return Credential{}, fmt.Errorf("peer credentials: %w", err)
	}
	var peer *unix.Ucred
	var peerErr error
	err = raw.Control(func(fd uintptr) {
		peer, peerErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err == nil {
		err = peerErr
	}
	if err != nil {
		return Credential{}, fmt.Errorf("peer credentials: %w", err)
	}
	return Credential{PID: peer.Pid, UID: peer.Uid, GID: peer.Gid}, nil
}
