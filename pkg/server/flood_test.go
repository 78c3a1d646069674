package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/goldap/goldap/pkg/client"
	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/goldap/goldap/pkg/secret"
	"github.com/goldap/goldap/pkg/server"
)

// flooders is how many connections the hostile process opens.
const flooders = 10_000

// TestFloodHelper is the hostile process of the tests below: it opens very many
// connections to a socket and says nothing on them. With "again" it connects
// anew whenever it is hung up on.
func TestFloodHelper(*testing.T) {
	path := os.Getenv("GOLDAP_TEST_FLOOD")
	if path == "" {
		return // run by name only
	}
	again := os.Getenv("GOLDAP_TEST_FLOOD_AGAIN") != ""
	files := unix.Rlimit{Cur: flooders + 1000, Max: flooders + 1000}
	_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &files) // or else the limit is high enough, or the count shows it
	fmt.Println("flooding")
	var connecting sync.WaitGroup
	var made atomic.Int64
	for range 50 {
		connecting.Go(func() {
			for range flooders / 50 {
				if flood(path, again) == nil {
					made.Add(1)
				}
			}
		})
	}
	connecting.Wait()
	fmt.Println(made.Load())
	_, _ = io.ReadAll(os.Stdin) // until the test is over
	os.Exit(0)
}

var held sync.Map // connections, so that the collector does not close them

func flood(path string, again bool) error {
	conn, err := net.Dial("unix", path)
	for errors.Is(err, unix.EAGAIN) { // the queue of the socket is full
		time.Sleep(time.Millisecond)
		conn, err = net.Dial("unix", path)
	}
	if err != nil {
		return err
	}
	held.Store(conn, true)
	if again {
		go func() {
			_, _ = conn.Read(make([]byte, 1))
			conn.Close()
			held.Delete(conn)
			_ = flood(path, again)
		}()
	}
	return nil
}

// startFlood runs the helper until the end of the test. It returns when the
// flood begins, and a function that waits until all connections are made.
func startFlood(t *testing.T, path string, environment ...string) (complete func()) {
	t.Helper()
	helper := exec.Command(os.Args[0], "-test.run=^TestFloodHelper$", "-test.timeout=5m")
	helper.Env = append(os.Environ(), append(environment, "GOLDAP_TEST_FLOOD="+path)...)
	helper.Stderr = os.Stderr
	in, err := helper.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := helper.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := helper.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = helper.Wait()
	})
	said := bufio.NewReader(out)
	expect := func(want string) {
		if line, err := said.ReadString('\n'); err != nil || line != want+"\n" {
			t.Fatalf("the helper says %q, %v; it should say %s", line, err, want)
		}
	}
	expect("flooding")
	return func() { expect(strconv.Itoa(flooders)) }
}

// byProcess takes callers of this process for root, and others for uid 1000.
func byProcess(conn *net.UnixConn) (server.Credential, error) {
	caller, err := server.PeerCredential(conn)
	caller.UID = 1000
	if int(caller.PID) == os.Getpid() {
		caller.UID = 0
	}
	return caller, err
}

// TestRootLogsInDuringAFlood: ten thousand idle connections of one uid, or as
// many that come back as soon as they are turned away, neither keep root from
// logging in within 100 ms nor cost memory.
func TestRootLogsInDuringAFlood(t *testing.T) {
	for name, test := range map[string]struct {
		environment []string
		// percent of the logins are within 100 ms: other tests have the
		// processors, too, and those that come back a good part of them.
		percent int
	}{
		"idle": {nil, 90}, "coming back": {[]string{"GOLDAP_TEST_FLOOD_AGAIN=1"}, 50},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(nil)
			l.credential = byProcess
			c := l.serve(t)
			logInAsRoot(t, c) // connects to the directory
			before := memoryInUse()
			complete := startFlood(t, l.socket, test.environment...)
			var took []time.Duration
			most := uint64(0)
			for began := time.Now(); time.Since(began) < time.Second; {
				took = append(took, logInAsRoot(t, c))
				most = max(most, memoryInUse())
			}
			if test.environment == nil {
				complete()
			}
			slices.Sort(took)
			grown := int64(most) - int64(before)
			t.Logf("%d logins: median %v, 99 of 100 within %v, slowest %v; memory grown by %d KiB",
				len(took), took[len(took)/2], took[len(took)*99/100], took[len(took)-1], grown>>10)
			if most := took[len(took)*test.percent/100]; most > 100*time.Millisecond {
				t.Errorf("%d of 100 logins of root take up to %v", test.percent, most)
			}
			if grown > 16<<20 {
				t.Errorf("memory grew by %d bytes", grown)
			}
		})
	}
}

func logInAsRoot(t *testing.T, c *client.Client) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	began := time.Now()
	answer, err := c.Authenticate(ctx, nslcd.PAM{User: labUser, Service: "sshd"}, secret.FromString(labSecret))
	if err != nil || answer.Code != nslcd.CodeSuccess || answer.Authorization != nslcd.CodeSuccess {
		t.Fatalf("%+v, %v", answer, err)
	}
	return time.Since(began)
}

// memoryInUse returns the bytes of heap and stacks that are in use.
func memoryInUse() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapInuse + stats.StackInuse
}

// TestAcceptWithoutDescriptors: a process that has none left goes on as soon as
// it has one, and does not fill the log meanwhile.
func TestAcceptWithoutDescriptors(t *testing.T) {
	w := start(t, nil)
	frame := frameNamed(t, "passwd-by-name")
	conn := w.dial(t) // accepted before: the backlog is not what is tested
	if _, err := conn.Write(frame.Request); err != nil {
		t.Fatal(err)
	}
	readAll(t, conn)

	waiting := dialWithoutConnecting(t)
	release := useUpDescriptors(t)
	if err := unix.Connect(waiting, &unix.SockaddrUnix{Name: w.path}); err != nil {
		release()
		t.Fatal(err)
	}
	if _, err := unix.Write(waiting, frame.Request); err != nil {
		release()
		t.Fatal(err)
	}
	waitUntil(t, func() bool { return len(w.lines("accept", "too many open files")) > 0 })
	release()
	if got := readDescriptor(t, waiting); string(got) != string(frame.Response) {
		t.Errorf("got %x", got)
	}
	if lines := w.lines("accept"); len(lines) > 5 {
		t.Errorf("%d lines in the log", len(lines))
	}
}

// dialWithoutConnecting makes the socket of a caller.
func dialWithoutConnecting(t *testing.T) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	return fd
}

// useUpDescriptors lowers the limit of this process so that no file can be
// opened until release is called.
func useUpDescriptors(t *testing.T) (release func()) {
	t.Helper()
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	low := before
	low.Cur = 0
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
			t.Error(err)
		}
	}
}

func readDescriptor(t *testing.T, fd int) []byte {
	t.Helper()
	limit := unix.NsecToTimeval((10 * time.Second).Nanoseconds())
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit); err != nil {
		t.Fatal(err)
	}
	var all []byte
	part := make([]byte, 4096)
	for {
		n, err := unix.Read(fd, part)
		if err != nil {
			t.Fatalf("after %x: %v", all, err)
		}
		if n == 0 {
			return all
		}
		all = append(all, part[:n]...)
	}
}
