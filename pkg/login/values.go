package login

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// checkValue returns the value to write, empty for none, and why it is not
// written. check says what is wrong with a value.
func checkValue(wanted *string, writable bool, check func(string) string) (value, refusal string) {
	switch {
	case wanted == nil:
		return "", ""
	case !writable:
		return "", textNotWritable
	}
	if refusal := check(*wanted); refusal != "" {
		return "", refusal
	}
	return *wanted, ""
}

// fitsPasswd reports whether a value can be a field of passwd(5) that is not
// empty.
func fitsPasswd(value string) bool {
	return value != "" && utf8.ValidString(value) &&
		!strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c == 0x7f || c == ':' })
}

// checkShell says what is wrong with a new login shell. Users may have those
// of shells(5), as with chsh(1); root decides for itself.
func (l *Login) checkShell(shell string, root bool) string {
	if !fitsPasswd(shell) {
		return textInvalidShell
	}
	if !root && !slices.Contains(l.shells(), shell) {
		return textInvalidShell
	}
	return ""
}

// shells are the login shells of shells(5); without the file the two of
// getusershell(3).
func (l *Login) shells() []string {
	path := l.ShellsFile
	if path == "" {
		path = "/etc/shells"
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return []string{"/bin/sh", "/bin/csh"}
	}
	if err != nil {
		l.Logger.Warn("login shells not known", "error", err)
		return nil
	}
	defer file.Close()
	var shells []string
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line, _, _ := strings.Cut(lines.Text(), "#")
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "/") {
			shells = append(shells, line)
		}
	}
	return shells
}

// maxStats bounds the home directories that are looked at in the same moment:
// one on a file server that is away keeps its thread for as long as it likes.
const maxStats = 4

// checkHome says what is wrong with a new home directory. That of a user must
// exist; root may be about to make it.
func (l *Login) checkHome(ctx context.Context, home string, root bool) string {
	if !fitsPasswd(home) {
		return textInvalidHome
	}
	if root {
		return ""
	}
	if !filepath.IsAbs(home) {
		return textHomeNotAbsolute
	}
	l.statsOnce.Do(func() { l.stats = make(chan struct{}, maxStats) })
	select {
	case l.stats <- struct{}{}:
	case <-ctx.Done():
		return textHomeUnknown
	}
	found := make(chan bool, 1)
	go func() {
		defer func() { <-l.stats }()
		info, err := os.Stat(home)
		found <- err == nil && info.IsDir()
	}()
	select {
	case is := <-found:
		if is {
			return ""
		}
		return textNoHome
	case <-ctx.Done():
		return textHomeUnknown
	}
}
