package names

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
)

// maxKeys bounds the ssh keys of one user, so that they fit into one answer.
const maxKeys = 100

// SSHKeys returns the ssh keys with which the user may log in, a line of
// authorized_keys each (sshd(8)), from the directory that a login would believe.
// Nothing is remembered: a key that was removed lets nobody in any more. A user of
// this machine has none there.
func (n *Names) SSHKeys(ctx context.Context, name string) ([]string, error) {
	if n.checkSSHKey == nil {
		return nil, fmt.Errorf("%w: nobody can tell here what an ssh key is", directory.ErrUnavailable)
	}
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
// line to it. Options before a key are the directory's to say.
func (n *Names) usableKeys(acct account.Account, lines []string) []string {
	keys := make([]string, 0, min(len(lines), maxKeys))
	for i, line := range lines {
		line = strings.TrimRight(line, " \t\r\n")
		err := n.checkSSHKey(line)
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
