package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// invalidator empties the caches of other programs, which takes root. The work
// is done by a second goldapd, which was started before the first gave root up
// and can do nothing else: a byte on its stdin makes it run the commands that it
// was started with, and each line on its stdout is what went wrong.
type invalidator struct {
	orders io.WriteCloser
	ended  chan struct{} // closed when the helper has ended
}

// helperArgument makes goldapd the helper. The names of the caches follow it.
const helperArgument = "--invalidate-for-daemon"

// startInvalidator starts the helper. It ends when the daemon does.
func startInvalidator(caches []string, logger *slog.Logger) (*invalidator, error) {
	cmd := exec.Command("/proc/self/exe", append([]string{helperArgument}, caches...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is the daemon's
	orders, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	problems, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("helper that empties caches: %w", err)
	}
	i := &invalidator{orders, make(chan struct{})}
	go func() {
		defer close(i.ended)
		for lines := bufio.NewScanner(problems); lines.Scan(); {
			logger.Warn("a cache of another program was not emptied", "error", lines.Text())
		}
		_ = cmd.Wait()
	}()
	return i, nil
}

// run has the caches emptied. It does not wait for that.
func (i *invalidator) run() error {
	if i == nil {
		return nil
	}
	_, err := i.orders.Write([]byte{'\n'})
	return err
}

func (i *invalidator) close() {
	if i != nil {
		i.orders.Close()
	}
}

// systemDirectories are where the commands are looked for.
var systemDirectories = []string{"/usr/sbin", "/usr/bin", "/sbin", "/bin"}

// help is the helper: it empties the caches for each byte that it reads, and
// ends with them. Orders that came while it was busy are one.
func help(caches, directories []string, orders io.Reader, problems io.Writer) {
	buffer := make([]byte, 512)
	for {
		if _, err := orders.Read(buffer); err != nil {
			return
		}
		for _, cache := range caches {
			if err := emptyCache(cache, directories); err != nil {
				fmt.Fprintln(problems, strings.ReplaceAll(err.Error(), "\n", " "))
			}
		}
	}
}

// emptyTimeout is how long one command may take.
const emptyTimeout = 10 * time.Second

// emptyCache runs nscd -i CACHE or nfsidmap -c. A machine without the program
// has no such cache.
func emptyCache(cache string, directories []string) error {
	arguments := []string{"nscd", "-i", cache}
	if cache == "nfsidmap" {
		arguments = []string{"nfsidmap", "-c"}
	}
	program := findProgram(arguments[0], directories)
	if program == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), emptyTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, arguments[1:]...)
	cmd.Env = []string{"PATH=" + strings.Join(directories, ":"), "LC_ALL=C"}
	cmd.Dir = "/"
	said, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %.200s", strings.Join(arguments, " "), err, bytes.TrimSpace(said))
	}
	return nil
}

func findProgram(name string, directories []string) string {
	for _, directory := range directories {
		path := filepath.Join(directory, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0 {
			return path
		}
	}
	return ""
}

// prepareInvalidator starts the helper if the configuration asks for it and
// this is root.
func (d *daemon) prepareInvalidator(caches []string) (*invalidator, error) {
	if len(caches) == 0 {
		return nil, nil
	}
	if os.Geteuid() != 0 {
		return nil, errors.New("only a goldapd that root started can empty the caches of other programs (daemon.invalidate, reconnect_invalidate)")
	}
	return startInvalidator(caches, d.logger)
}
