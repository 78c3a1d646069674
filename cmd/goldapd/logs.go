package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/goldap/goldap/pkg/config"
)

// logs writes each line of the log to every target that wants its level. The
// targets can change while loggers are in use.
type logs struct {
	stderr io.Writer
	lowest atomic.Int64 // the lowest level that any target wants

	mu      sync.Mutex
	targets []target
}

// target is one place that the log goes to.
type target struct {
	level slog.Level
	to    lineWriter
}

// lineWriter takes lines of the log. What it cannot write is lost: the log must
// not hold anybody up.
type lineWriter interface {
	writeLine(level slog.Level, line []byte)
	close()
}

func newLogs(stderr io.Writer) *logs {
	l := &logs{stderr: stderr}
	l.put([]target{{slog.LevelInfo, stderrTarget(stderr)}})
	return l
}

// put replaces the targets and closes the old ones.
func (l *logs) put(targets []target) {
	lowest := slog.LevelError + 1
	for _, t := range targets {
		lowest = min(lowest, t.level)
	}
	l.mu.Lock()
	old := l.targets
	l.targets = targets
	l.mu.Unlock()
	l.lowest.Store(int64(lowest))
	for _, t := range old {
		t.to.close()
	}
}

func (l *logs) write(level slog.Level, line []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.targets {
		if level >= t.level {
			t.to.writeLine(level, line)
		}
	}
}

func parseLevel(name string) slog.Level {
	return map[string]slog.Level{
		"error": slog.LevelError, "warn": slog.LevelWarn, "info": slog.LevelInfo, "debug": slog.LevelDebug,
	}[name]
}

// open opens the targets of a configuration. On an error it leaves those in use
// as they are. owner, if there is one, gets the files that it makes.
func (l *logs) open(cfg config.Daemon, owner *identity) error {
	wanted := cfg.Logs
	if len(wanted) == 0 {
		wanted = []config.Log{{Target: "stderr"}}
	}
	var targets []target
	for _, w := range wanted {
		level := parseLevel(cfg.LogLevel)
		if w.Level != "" {
			level = parseLevel(w.Level)
		}
		to, err := l.openTarget(w.Target, owner)
		if err != nil {
			for _, t := range targets {
				t.to.close()
			}
			return err
		}
		if to != nil {
			targets = append(targets, target{level, to})
		}
	}
	l.put(targets)
	return nil
}

func (l *logs) openTarget(name string, owner *identity) (lineWriter, error) {
	switch name {
	case "none":
		return nil, nil
	case "stderr":
		return stderrTarget(l.stderr), nil
	case "syslog":
		return &syslogWriter{path: syslogSocket}, nil
	}
	file, err := openLog(name, owner)
	if err != nil {
		return nil, fmt.Errorf("log: %w", err)
	}
	return fileWriter{file}, nil
}

// openLog opens a file to add to. One that it makes is the owner's, who opens it
// again on SIGHUP; one that is there may have other uses and stays whose it is.
func openLog(name string, owner *identity) (*os.File, error) {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o640)
	if errors.Is(err, os.ErrExist) {
		return openOld(name, owner)
	}
	if err != nil || owner == nil {
		return file, err
	}
	if err := file.Chown(owner.uid, owner.gid); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// openOld opens a file that is there. It must not be a symbolic link where there
// is an owner, who may have put it there to have root open a file of root's and
// leave it open.
func openOld(name string, owner *identity) (*os.File, error) {
	flags := os.O_WRONLY | os.O_APPEND
	if owner != nil {
		flags |= syscall.O_NOFOLLOW
	}
	return os.OpenFile(name, flags, 0)
}

// checkTarget reports whether open would fail, and makes no file.
func checkTarget(name string, owner *identity) error {
	if !filepath.IsAbs(name) {
		return nil
	}
	file, err := openOld(name, owner)
	if err == nil {
		return file.Close()
	}
	if errors.Is(err, os.ErrNotExist) {
		_, err = os.Stat(filepath.Dir(name))
	}
	if err != nil {
		return fmt.Errorf("log: %w", err)
	}
	return nil
}

type stderrWriter struct{ to io.Writer }

func (w stderrWriter) writeLine(_ slog.Level, line []byte) { _, _ = w.to.Write(line) }
func (w stderrWriter) close()                              {}

type fileWriter struct{ file *os.File }

func (w fileWriter) writeLine(_ slog.Level, line []byte) { _, _ = w.file.Write(line) }
func (w fileWriter) close()                              { w.file.Close() }

// syslogSocket is where syslogd and journald listen.
const syslogSocket = "/dev/log"

// syslogWriter speaks the protocol of RFC 3164 as syslog(3) does on this
// machine. (The standard library's would wait for a syslogd that reads
// nothing.)
type syslogWriter struct {
	path string
	conn net.Conn
	// quiet is until when nothing is sent, because syslogd did not take it.
	quiet time.Time
}

// The numbers of RFC 3164, section 4.1.1.
const facilityDaemon = 3 << 3

func severity(level slog.Level) int {
	switch {
	case level >= slog.LevelError:
		return 3
	case level >= slog.LevelWarn:
		return 4
	case level >= slog.LevelInfo:
		return 6
	default:
		return 7
	}
}

// syslogPatience is how long a line may wait for syslogd. The lines of the time
// after that, syslogPause, are lost, too.
const (
	syslogPatience = 100 * time.Millisecond
	syslogPause    = 5 * time.Second
)

func (w *syslogWriter) writeLine(level slog.Level, line []byte) {
	if time.Now().Before(w.quiet) {
		return
	}
	// What slog says of the time and the level is in the header.
	line = bytes.TrimRight(withoutHeader(line), "\n")
	message := fmt.Appendf(nil, "<%d>%s goldapd[%d]: %s", facilityDaemon|severity(level), time.Now().Format(time.Stamp), os.Getpid(), line)
	err := w.send(message)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) { // syslogd may be another by now
		w.close()
		err = w.send(message)
	}
	if err != nil {
		w.close()
		w.quiet = time.Now().Add(syslogPause)
	}
}

func (w *syslogWriter) send(message []byte) (err error) {
	if w.conn == nil {
		if w.conn, err = net.DialTimeout("unixgram", w.path, syslogPatience); err != nil {
			w.conn = nil
			return err
		}
	}
	_ = w.conn.SetWriteDeadline(time.Now().Add(syslogPatience))
	_, err = w.conn.Write(message)
	return err
}

func (w *syslogWriter) close() {
	if w.conn != nil {
		w.conn.Close()
		w.conn = nil
	}
}

// handler is a slog.Handler that writes to logs. It has a text handler for each
// level, because those do not say what level a line has.
type handler struct {
	logs *logs
	text [4]slog.Handler
}

// levels are those that lines are written with, from the least.
var levels = [4]slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}

func newHandler(l *logs) handler {
	h := handler{logs: l}
	for i, level := range levels {
		h.text[i] = slog.NewTextHandler(levelWriter{l, level}, &slog.HandlerOptions{Level: slog.LevelDebug})
	}
	return h
}

// levelWriter is an io.Writer for lines of one level.
type levelWriter struct {
	logs  *logs
	level slog.Level
}

func (w levelWriter) Write(line []byte) (int, error) {
	w.logs.write(w.level, line)
	return len(line), nil
}

func (h handler) Enabled(_ context.Context, level slog.Level) bool {
	return int64(level) >= h.logs.lowest.Load()
}

func (h handler) Handle(ctx context.Context, record slog.Record) error {
	i := len(levels) - 1
	for i > 0 && record.Level < levels[i] {
		i--
	}
	return h.text[i].Handle(ctx, record)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.each(func(text slog.Handler) slog.Handler { return text.WithAttrs(attrs) })
}

func (h handler) WithGroup(name string) slog.Handler {
	return h.each(func(text slog.Handler) slog.Handler { return text.WithGroup(name) })
}

func (h handler) each(derive func(slog.Handler) slog.Handler) slog.Handler {
	for i := range h.text {
		h.text[i] = derive(h.text[i])
	}
	return h
}
