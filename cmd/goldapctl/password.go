package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/goldap/goldap/pkg/secret"
)

// readPassword asks for a password on a terminal without showing it, or reads
// one line of anything else. The caller wipes it.
func readPassword(ctx context.Context, in io.Reader, prompt io.Writer) (secret.Secret, error) {
	terminal, ok := in.(*os.File)
	if !ok {
		return readLine(in)
	}
	before, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil { // it is none
		return readLine(in)
	}
	hidden := *before
	hidden.Lflag &^= unix.ECHO
	hidden.Lflag |= unix.ICANON | unix.ISIG
	if err := unix.IoctlSetTermios(int(terminal.Fd()), unix.TCSETSF, &hidden); err != nil {
		return secret.Secret{}, fmt.Errorf("hide what is typed: %w", err)
	}
	defer func() { _ = unix.IoctlSetTermios(int(terminal.Fd()), unix.TCSETSF, before) }()
	fmt.Fprint(prompt, "Password: ")
	defer fmt.Fprintln(prompt)
	return interruptible(ctx, terminal)
}

// interruptible is readLine that ends with ctx, so that ^C gives the terminal
// back as it was.
func interruptible(ctx context.Context, in io.Reader) (secret.Secret, error) {
	type result struct {
		password secret.Secret
		err      error
	}
	read := make(chan result, 1)
	go func() {
		password, err := readLine(in)
		read <- result{password, err}
	}()
	select {
	case r := <-read:
		return r.password, r.err
	case <-ctx.Done():
		return secret.Secret{}, ctx.Err()
	}
}

// readLine reads one line, byte by byte: what is behind it is none of ours. The
// memory does not grow, so that no copy stays behind.
func readLine(in io.Reader) (secret.Secret, error) {
	line := make([]byte, 0, nslcd.MaxPassword)
	var one [1]byte
	defer clear(one[:])
	for {
		n, err := in.Read(one[:])
		switch {
		case n == 1 && one[0] == '\n':
			return secret.New(line), nil
		case n == 1 && len(line) == cap(line):
			clear(line)
			return secret.Secret{}, fmt.Errorf("longer than %d bytes", nslcd.MaxPassword)
		case n == 1:
			line = append(line, one[0])
		}
		if errors.Is(err, io.EOF) {
			return secret.New(line), nil
		}
		if err != nil {
			clear(line)
			return secret.Secret{}, err
		}
	}
}
