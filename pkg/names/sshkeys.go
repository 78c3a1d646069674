package names

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
)

// Bounds on the ssh keys of one user. Together they fit into one answer.
const (
	maxKeys    = 100
	maxKeySize = 16 << 10 // as sshd reads of a file
)

// SSHKeys returns the ssh keys with which the user may log in, a line of
// authorized_keys each (sshd(8)), from the directory that a login would believe.
// Nothing is remembered: a key that was removed lets nobody in any more. A user of
// this machine has none there.
func (n *Names) SSHKeys(ctx context.Context, name string) ([]string, error) {
	if err := n.mayAskForUser(name); err != nil {
		return nil, err
	}
	found, from, err := inOrder(ctx, n, question[account.Keys]{
		ask:      func(ctx context.Context, d Directory) (account.Keys, error) { return d.SSHKeys(ctx, name) },
		patience: n.patience, mayPass: n.mayPassForLogin, steady: true,
	})
	acct, err := n.checked(found.Account, err)
	if err == nil && n.memory.has(n.keyOf(passwdByName, name), from.passed()) {
		err = fmt.Errorf("%w: %s is a user of a directory that does not answer, as lookups remember", directory.ErrUnavailable, strconv.Quote(name))
	}
	if err != nil {
		return nil, from.uncertain(err)
	}
	return n.usableKeys(acct, found.Lines), nil
}

// usableKeys leaves out what sshd could not use, and what could be more than one
// line to it.
func (n *Names) usableKeys(acct account.Account, lines []string) []string {
	keys := make([]string, 0, min(len(lines), maxKeys))
	for i, line := range lines {
		line = strings.TrimRight(line, " \t\r\n")
		err := checkKey(line)
		if err == nil && len(keys) == maxKeys {
			err = fmt.Errorf("there are more than %d", maxKeys)
		}
		if err != nil {
			n.report(refuse(BadKey, "%s: ssh key %d: %w", acct.DN, i+1, err))
			continue
		}
		keys = append(keys, line)
	}
	return keys
}

// checkKey refuses what is not one key. Options before it are the directory's to
// say.
func checkKey(line string) error {
	switch {
	case len(line) > maxKeySize:
		return fmt.Errorf("longer than %d bytes", maxKeySize)
	case strings.ContainsFunc(line, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }):
		return errors.New("has a line end or another control character in it")
	}
	if _, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line)); err != nil {
		return errors.New("not a public key of a kind that is known here")
	}
	return nil
}
