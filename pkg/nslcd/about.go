package nslcd

import (
	"fmt"

	"github.com/goldap/goldap/pkg/account"
)

// What goldap says about a user that nslcd does not.

// Membership appends a group of the user to the answer to ActionPaths.
func (r *Response) Membership(m account.Membership) error {
	return r.entry(func(out *writer) {
		out.string(m.Group.Name, MaxEntry)
		out.int32(int32(m.Group.GID))
		out.list(m.Path)
	})
}

// Membership reads a group of the user.
func (r *AnswerReader) Membership() (m account.Membership, err error) {
	if err := r.entry(&m.Group.Name, &m.Group.GID, &m.Path); err != nil {
		return account.Membership{}, fmt.Errorf("membership: %w", err)
	}
	return m, nil
}

// SSHKeys appends the keys of a user, a line of authorized_keys each (sshd(8)).
func (r *Response) SSHKeys(lines []string) error {
	return r.entry(func(out *writer) { out.list(lines) })
}

// SSHKeys reads the keys of a user.
func (r *AnswerReader) SSHKeys() (lines []string, err error) {
	if err := r.entry(&lines); err != nil {
		return nil, fmt.Errorf("ssh keys: %w", err)
	}
	return lines, nil
}
