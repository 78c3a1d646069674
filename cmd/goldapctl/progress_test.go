package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

// screen is what a terminal of one line shows after text was written to it.
func screen(text string) string {
	var line []rune
	at := 0
	for _, c := range text {
		switch {
		case c == '\r':
			at = 0
			continue
		case at == len(line):
			line = append(line, c)
		default:
			line[at] = c
		}
		at++
	}
	return strings.TrimRight(string(line), " ")
}

func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := &progress{terminal: &out, width: 30}
		shows := func(want string) {
			t.Helper()
			synctest.Wait()
			p.mu.Lock()
			defer p.mu.Unlock()
			if got := screen(out.String()); got != want {
				t.Errorf("after %q the terminal shows %q, want %q", out.String(), got, want)
			}
		}
		p.say("asking %s", "ldap://one")
		time.Sleep(499 * time.Millisecond)
		shows("")
		time.Sleep(time.Millisecond)
		shows("asking ldap://one ...")
		time.Sleep(2 * time.Second)
		shows("asking ldap://one ... 2 s")
		p.say("asking two")
		shows("asking two ... 2 s")
		p.say("a name of more than thirty characters")
		shows("a name of more than thirty ch")
		p.say("odd \x1b[2J")
		shows(`"odd \x1b[2J" ... 2 s`)
		p.done()
		shows("")
		p.done()
		p.say("too late")
		time.Sleep(time.Minute)
		shows("")
	})
}

func TestShortWorkShowsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := &progress{terminal: &out, width: 80}
		p.say("something")
		time.Sleep(progressDelay / 2)
		p.say("something else")
		p.done()
		time.Sleep(time.Minute)
		if out.Len() > 0 {
			t.Errorf("written: %q", out.String())
		}
	})
}

// Who sees it is decided by what standard error and standard output are.
func TestWhoSeesProgress(t *testing.T) {
	_, terminal := terminal(t)
	if err := unix.IoctlSetWinsize(int(terminal.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: 42, Row: 10}); err != nil {
		t.Fatal(err)
	}
	pipe, _, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	for name, test := range map[string]struct {
		out, errOut any
		term        string
		args        []string
		shown       bool
	}{
		"terminal":     {terminal, terminal, "xterm", nil, true},
		"piped output": {pipe, terminal, "xterm", nil, false},
		"piped errors": {terminal, pipe, "xterm", nil, false},
		"a buffer":     {&bytes.Buffer{}, &bytes.Buffer{}, "xterm", nil, false},
		"dumb":         {terminal, terminal, "dumb", nil, false},
		"no TERM":      {terminal, terminal, "", nil, false},
		"--quiet":      {terminal, terminal, "xterm", []string{"--quiet"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TERM", test.term)
			var p *progress
			cmd := &cobra.Command{Run: func(cmd *cobra.Command, _ []string) { p = newProgress(cmd) }}
			cmd.Flags().Bool("quiet", false, "")
			cmd.SetArgs(append([]string{}, test.args...))
			cmd.SetOut(test.out.(interface{ Write([]byte) (int, error) }))
			cmd.SetErr(test.errOut.(interface{ Write([]byte) (int, error) }))
			if err := cmd.Execute(); err != nil {
				t.Fatal(err)
			}
			if (p.terminal != nil) != test.shown || test.shown && p.width != 42 {
				t.Errorf("%+v", p)
			}
		})
	}
}

// What a person sees on a real terminal: the line, and then nothing of it.
func TestProgressOnATerminal(t *testing.T) {
	keyboard, program := terminal(t)
	p := &progress{terminal: program, width: 80}
	p.say("asking")
	p.tick() // as if it had taken that long
	p.done()
	if _, err := program.Write([]byte("$")); err != nil {
		t.Fatal(err)
	}
	var shown []byte
	for !bytes.Contains(shown, []byte("$")) {
		part := make([]byte, 100)
		n, err := keyboard.Read(part)
		if err != nil {
			t.Fatal(err)
		}
		shown = append(shown, part[:n]...)
	}
	if !bytes.HasPrefix(shown, []byte("\rasking ...")) || screen(string(shown)) != "$" {
		t.Errorf("%q", shown)
	}
}

// A verb whose daemon takes its time says so, and the answer stands alone.
func TestProgressOfAVerb(t *testing.T) {
	t.Setenv("TERM", "xterm")
	keyboard, program := terminal(t)
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	seen, answer := false, make(chan struct{})
	go func() {
		if c, err := listener.Accept(); err == nil {
			<-answer
			respond(c)
		}
	}()
	ended := make(chan int, 1)
	go func() {
		ended <- execute(t.Context(), strings.Fields("explain ada --service sshd --socket "+socket), strings.NewReader(""), program, program)
		_, _ = program.Write([]byte("$"))
	}()
	var shown []byte
	for !bytes.Contains(shown, []byte("$")) {
		part := make([]byte, 1000)
		n, err := keyboard.Read(part)
		if err != nil {
			t.Fatal(err)
		}
		shown = append(shown, part[:n]...)
		if bytes.Contains(shown, []byte("deciding about a login of ada ...")) && !seen {
			close(answer)
			seen = true
		}
	}
	if status := <-ended; status != exitSuccess {
		t.Errorf("status %d", status)
	}
	if !strings.Contains(screenOf(shown)[0], "1.503 ms  account found") {
		t.Errorf("%q", shown)
	}
}

// screenOf are the lines that a terminal shows.
func screenOf(text []byte) []string {
	var lines []string
	for line := range strings.SplitSeq(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n") {
		lines = append(lines, screen(line))
	}
	return lines
}
