package server

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// maxSocketPath is what fits into sun_path (unix(7)).
const maxSocketPath = 107

// Socket is a listening Unix socket that takes its file away when it is
// closed.
type Socket struct {
	*net.UnixListener
	path string
	file fs.FileInfo
}

// Listen makes a socket at path, with mode 0666: any local process may
// connect, and what it may ask is decided by its credentials. The folder is
// made if only it is missing. A socket that nobody listens on any more is
// replaced; it is an error if somebody does, or if the file is no socket.
func Listen(path string) (*Socket, error) { return listen(path, 0o666) }

// ListenPrivate is Listen for a socket that only its owner and root may connect
// to.
func ListenPrivate(path string) (*Socket, error) { return listen(path, 0o600) }

func listen(path string, mode fs.FileMode) (*Socket, error) {
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("socket %s: path of %d bytes, the limit is %d", path, len(path), maxSocketPath)
	}
	if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("socket %s: %w", path, err)
	}
	if err := removeStale(path); err != nil {
		return nil, fmt.Errorf("socket %s: %w", path, err)
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("socket %s: %w", path, err)
	}
	listener.SetUnlinkOnClose(false)
	socket := &Socket{UnixListener: listener, path: path}
	if err := socket.open(mode); err != nil {
		return nil, errors.Join(fmt.Errorf("socket %s: %w", path, err), socket.Close())
	}
	return socket, nil
}

// open gives the socket its mode, and remembers which file it is. The folder may belong
// to whom root is about to become, who could put a symbolic link to a file of
// root's in the place of the socket: chmod(2) would follow it.
func (s *Socket) open(mode fs.FileMode) error {
	fd, err := unix.Open(s.path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	file := os.NewFile(uintptr(fd), s.path)
	defer file.Close()
	if s.file, err = file.Stat(); err != nil {
		return err
	}
	if s.file.Mode().Type() != fs.ModeSocket {
		return errors.New("something else was put in its place")
	}
	return os.Chmod(fmt.Sprintf("/proc/self/fd/%d", fd), mode) // what is open, whatever has its name
}

// Close stops listening and removes the file, unless another one has taken its
// place. A process that gave root up may have to leave it, for the next Listen
// to replace.
func (s *Socket) Close() error {
	err := s.UnixListener.Close()
	if now, statErr := os.Lstat(s.path); statErr == nil && s.file != nil && os.SameFile(s.file, now) {
		if problem := os.Remove(s.path); !errors.Is(problem, fs.ErrPermission) {
			err = errors.Join(err, problem)
		}
	}
	return err
}

// removeStale removes the socket at path if nobody listens on it.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return errors.New("there is a file that is not a socket; remove it if it is not needed")
	}
	conn, err := net.Dial("unix", path)
	if err == nil {
		conn.Close()
		return errors.New("another process listens there")
	}
	if !errors.Is(err, unix.ECONNREFUSED) {
		return err
	}
	return os.Remove(path)
}
