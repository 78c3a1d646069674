package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

const (
	// progressDelay is how long work may take before people are told that it
	// goes on.
	progressDelay = 500 * time.Millisecond
	// progressInterval is how often the seconds are counted on.
	progressInterval = time.Second
)

// progress is one line on a terminal that says what takes so long. It is written
// anew in place, and gone when the work is done:
//
//	p := newProgress(cmd)
//	defer p.done()
//	p.say("asking %s", server)
//
// Where nobody looks (in a pipe, with --quiet) and where a line cannot be written
// anew (TERM=dumb) nothing is written. There are no colours, so that NO_COLOR
// needs nothing more.
type progress struct {
	mu sync.Mutex
	// terminal is nil if nobody looks, and at the end.
	terminal io.Writer
	width    int
	text     string
	began    time.Time
	timer    *time.Timer
	// written is how many columns the line takes.
	written int
}

// newProgress is for what a verb does. It shows on standard error, if that and
// standard output are terminals.
func newProgress(cmd *cobra.Command) *progress {
	errOut, isTerminal := terminalOf(cmd.ErrOrStderr())
	_, isRead := terminalOf(cmd.OutOrStdout())
	quiet, _ := cmd.Flags().GetBool("quiet") // without such a flag it is not
	if term := os.Getenv("TERM"); !isTerminal || !isRead || quiet || term == "" || term == "dumb" {
		return &progress{}
	}
	return &progress{terminal: errOut, width: columns(errOut)}
}

// terminalOf is w as a file, if it is a terminal.
func terminalOf(w any) (terminal *os.File, isTerminal bool) {
	file, ok := w.(*os.File)
	if !ok {
		return nil, false
	}
	_, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS)
	return file, err == nil
}

// columns is how wide a terminal is.
func columns(terminal *os.File) int {
	size, err := unix.IoctlGetWinsize(int(terminal.Fd()), unix.TIOCGWINSZ)
	if err != nil || size.Col == 0 {
		return 80
	}
	return int(size.Col)
}

// say tells what is being done. It shows once the work takes longer than
// progressDelay, counted from the first call.
func (p *progress) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.terminal == nil {
		return
	}
	p.text = visible(fmt.Sprintf(format, args...))
	switch {
	case p.timer == nil:
		p.began = time.Now()
		p.timer = time.AfterFunc(progressDelay, p.tick)
	case p.written > 0:
		p.draw()
	}
}

// tick writes the line, now and every progressInterval.
func (p *progress) tick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.terminal != nil {
		p.draw()
		p.timer.Reset(progressInterval)
	}
}

// draw writes the line over what is there. It leaves the last column free, behind
// which terminals begin a new line.
func (p *progress) draw() {
	line := p.text + " ..."
	if seconds := int(time.Since(p.began).Seconds()); seconds > 1 {
		line += fmt.Sprintf(" %d s", seconds)
	}
	if runes := []rune(line); len(runes) > p.width-1 {
		line = string(runes[:max(0, p.width-1)])
	}
	length := utf8.RuneCountInString(line)
	fmt.Fprintf(p.terminal, "\r%s%s", line, strings.Repeat(" ", max(0, p.written-length)))
	p.written = length
}

// done takes the line away for good. It is called before anything else is written,
// and more than one call does no harm.
func (p *progress) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.terminal != nil && p.written > 0 {
		fmt.Fprintf(p.terminal, "\r%s\r", strings.Repeat(" ", p.written))
	}
	p.terminal = nil
	if p.timer != nil {
		p.timer.Stop()
	}
}
