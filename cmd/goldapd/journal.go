package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/coreos/go-systemd/v22/journal"
)

// stderrTarget is the target of lines for stderr.
func stderrTarget(stderr io.Writer) lineWriter {
	if stderr == io.Writer(os.Stderr) {
		if is, err := journal.StderrIsJournalStream(); is && err == nil {
			return journalWriter{stderr}
		}
	}
	return stderrWriter{stderr}
}

// journalWriter is stderr where that is a stream to systemd's journal, which
// knows the time itself and reads the level from the beginning of each line
// (sd-daemon(3)): "journalctl --priority=warning" is about it.
type journalWriter struct{ to io.Writer }

func (w journalWriter) writeLine(level slog.Level, line []byte) {
	_, _ = w.to.Write(fmt.Appendf(nil, "<%d>%s", severity(level), withoutHeader(line)))
}

func (w journalWriter) close() {}

// withoutHeader leaves out what slog says of the time and the level.
func withoutHeader(line []byte) []byte {
	if _, rest, found := bytes.Cut(line, []byte(" msg=")); found {
		return append([]byte("msg="), rest...)
	}
	return line
}
