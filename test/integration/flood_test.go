//go:build integration

package integration

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/client"
	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/goldap/goldap/pkg/secret"
	"github.com/goldap/goldap/test/root/daemon"
)

// floodSocket names the variable that makes this program a hostile one.
const floodSocket = "GOLDAP_FLOOD_SOCKET"

// idleConnections is how many connections it opens, to say nothing on them.
const idleConnections = 10_000

// flood is the hostile program: it holds its connections until its input ends.
func flood(socket string) int {
	fmt.Println("flooding")
	conns := make([]net.Conn, 0, idleConnections)
	for len(conns) < idleConnections {
		conn, err := net.Dial("unix", socket)
		if errors.Is(err, syscall.EAGAIN) { // the queue of the socket is full
			time.Sleep(time.Millisecond)
			continue
		}
		if err != nil {
			fmt.Println(err)
			return 1
		}
		conns = append(conns, conn)
	}
	fmt.Println(len(conns))
	_, _ = io.ReadAll(os.Stdin)
	return 0
}

// TestFlood is that ten thousand idle connections of one user do not keep root
// from logging in within 100 ms, with the real goldapd, and that it does not
// grow by them.
func TestFlood(t *testing.T) {
	showLogsOnFailure(t)
	writeGoldapConfig(t)
	running := runGoldapd(t)
	logInOnce := func() time.Duration {
		took, err := aliceLogsIn(t)
		must(t, err)
		return took
	}
	logInOnce() // connects to the directory
	before := residentKiB(t, running.Pid())
	said := startFlood(t)
	var took []time.Duration
	for began := time.Now(); time.Since(began) < 2*time.Second; {
		took = append(took, logInOnce())
	}
	if line, err := said.ReadString('\n'); err != nil || line != strconv.Itoa(idleConnections)+"\n" {
		t.Fatalf("the flood ends with %q, %v", line, err)
	}
	slices.Sort(took)
	grown := residentKiB(t, running.Pid()) - before
	t.Logf("%d logins: median %v, 99 of 100 within %v, slowest %v; goldapd grew by %d KiB",
		len(took), took[len(took)/2], took[len(took)*99/100], took[len(took)-1], grown)
	if most := took[len(took)*99/100]; most > 100*time.Millisecond {
		t.Errorf("99 of 100 logins take up to %v", most)
	}
	if grown > 32<<10 {
		t.Errorf("goldapd grew by %d KiB", grown)
	}
}

// aliceLogsIn is a login over the socket.
func aliceLogsIn(t *testing.T) (time.Duration, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	alice := person("alice")
	began := time.Now()
	answer, err := client.New(daemon.GoldapSocket).Authenticate(ctx,
		nslcd.PAM{User: alice.Name, Service: "sshd"}, secret.FromString(alice.Password))
	if err == nil && answer.Code != nslcd.CodeSuccess {
		err = fmt.Errorf("alice: %+v", answer)
	}
	return time.Since(began), err
}

// TestFloodWithFewDescriptors is that a goldapd that may open 256 files takes no
// more connections than that allows, and so always has one for root.
func TestFloodWithFewDescriptors(t *testing.T) {
	showLogsOnFailure(t)
	writeGoldapConfig(t)
	log := logFile(t, "goldapd")
	must(t, os.MkdirAll("/run/goldap", 0o755))
	running := exec.Command("sh", "-c", `ulimit -n 256 && exec "$0" --config "$1" --socket "$2" 2>>"$3"`,
		daemon.GoldapProgram, daemon.GoldapConfig, daemon.GoldapSocket, log)
	must(t, running.Start())
	t.Cleanup(func() {
		must(t, running.Process.Signal(syscall.SIGTERM))
		must(t, running.Wait())
	})
	eventually(t, 15*time.Second, "goldapd answers", func() bool {
		_, err := aliceLogsIn(t)
		return err == nil
	})
	said := startFlood(t)
	for began := time.Now(); time.Since(began) < time.Second; {
		_, err := aliceLogsIn(t)
		must(t, err)
	}
	if line, err := said.ReadString('\n'); err != nil || line != strconv.Itoa(idleConnections)+"\n" {
		t.Fatalf("the flood ends with %q, %v", line, err)
	}
	if text := readFile(t, log); strings.Contains(text, "too many open files") {
		t.Error("it ran out of descriptors")
	}
}

// startFlood runs this program as the hostile one, as nobody, and returns what
// it says after the beginning.
func startFlood(t *testing.T) *bufio.Reader {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	helper := exec.Command(self)
	helper.Env = []string{floodSocket + "=" + daemon.GoldapSocket}
	helper.Stderr = os.Stderr
	helper.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	in, err := helper.StdinPipe()
	must(t, err)
	out, err := helper.StdoutPipe()
	must(t, err)
	must(t, helper.Start())
	t.Cleanup(func() {
		in.Close()
		_ = helper.Wait()
	})
	said := bufio.NewReader(out)
	if line, err := said.ReadString('\n'); err != nil || line != "flooding\n" {
		t.Fatalf("the flood begins with %q, %v", line, err)
	}
	return said
}

// residentKiB is the memory of a process that is not shared with others.
func residentKiB(t *testing.T, pid int) int {
	t.Helper()
	for line := range strings.Lines(readFile(t, fmt.Sprintf("/proc/%d/status", pid))) {
		if text, found := strings.CutPrefix(line, "RssAnon:"); found {
			n, err := strconv.Atoi(strings.Fields(text)[0])
			must(t, err)
			return n
		}
	}
	t.Fatal("no RssAnon")
	return 0
}
