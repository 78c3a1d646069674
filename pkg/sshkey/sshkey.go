// Package sshkey says whether a value of a directory is one line of
// authorized_keys (sshd(8)):
//
//	if err := sshkey.Check(line); err != nil {
//		// sshd must not see it
//	}
//
// It is a room of its own so that the module does not link it: golang.org/x/crypto/ssh
// would take 0.15 ms of every login without a daemon.
package sshkey

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

// MaxSize is how long a line may be, in bytes: what sshd reads of a file.
const MaxSize = 16 << 10

// Check returns why line is not exactly one key, nil if it is one. Options before
// the key and a comment behind it are allowed, and are not looked at.
func Check(line string) error {
	switch {
	case len(line) > MaxSize:
		return fmt.Errorf("longer than %d bytes", MaxSize)
	case strings.ContainsFunc(line, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }):
		return errors.New("has a line end or another control character in it")
	}
	if _, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line)); err != nil {
		return errors.New("not a public key of a kind that is known here")
	}
	return nil
}
