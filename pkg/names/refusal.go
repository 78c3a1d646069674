package names

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
)

// Reason is why this machine does not believe something that a directory has.
type Reason string

const (
	// Unusable entries lack what they must have, or have what they must not.
	Unusable Reason = "unusable"
	// Ambiguous: several entries answer a question that has one answer.
	Ambiguous Reason = "ambiguous"
	// BadName is a name, or another text, that could pass for something else.
	BadName Reason = "name"
	// BadID is a uid or gid that directories do not give.
	BadID Reason = "id"
	// Local names and ids are those of users and groups of this machine.
	Local Reason = "local"
	// OfRole: the group, or the user's primary group, has the name or gid of a
	// role's group.
	OfRole Reason = "role"
	// BadMember is a member of a group that is left out of it.
	BadMember Reason = "member"
	// BadKey is a value that is no ssh key, or a key that is one too many.
	BadKey Reason = "ssh key"
)

// Reasons returns all of them.
func Reasons() []Reason {
	return []Reason{Unusable, Ambiguous, BadName, BadID, Local, OfRole, BadMember}
}

// refusal is an error that matches directory.ErrBadEntry and knows its reason.
type refusal struct {
	reason Reason
	err    error
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

func refuse(reason Reason, format string, args ...any) error {
	return &refusal{reason, fmt.Errorf("%w: "+format, append([]any{directory.ErrBadEntry}, args...)...)}
}

// report counts a refusal and logs it, at most once an hour. Errors of another
// kind are not its business.
func (n *Names) report(err error) {
	reason := Unusable
	var r *refusal
	switch {
	case errors.As(err, &r):
		reason = r.reason
	case errors.Is(err, directory.ErrNotUnique):
		reason = Ambiguous
	case !errors.Is(err, directory.ErrBadEntry):
		return
	}
	n.refusals.add(reason)
	if logged, last := n.logged.allows(err.Error(), time.Now()); logged {
		n.logger.Warn("an entry of the directory is refused", "reason", err.Error())
		if last {
			n.logger.Warn("more entries are refused than the log is told of; goldapctl status counts them")
		}
	}
}

// Refusals returns how often something was refused since the start, by reason:
// rules about names and ids count when an entry is read from a directory, those
// about local users and groups whenever it is asked for.
func (n *Names) Refusals() map[Reason]uint64 { return n.refusals.copy() }

// checkAccount refuses what no directory may say, whatever is in the files of
// this machine.
func (n *Names) checkAccount(acct account.Account) error {
	if !n.rules.ValidName(acct.Name) {
		return refuse(BadName, "%s: the user name is refused (accounts.valid_names)", acct.DN)
	}
	for _, err := range []error{n.rules.CheckUID(acct.UID), n.rules.CheckGID(acct.GID)} {
		if err != nil {
			return refuse(BadID, "%s: %w", acct.DN, err)
		}
	}
	if group, ok := n.roleGroups.numbered(acct.GID); ok {
		return refuse(OfRole, "%s: gid %d is that of the role %s, which the primary gid would give without being asked", acct.DN, acct.GID, group.Name)
	}
	return nil
}

// notLocal passes on an account that does not take the place of a user of this
// machine, and is not in a group of it: the primary gid would let the user in
// without being asked. A user added a moment ago counts; for a group a tenth of a
// second is soon enough.
func (n *Names) notLocal(acct account.Account) (account.Account, error) {
	return n.notAmong(acct, n.users.current(), n.groups.recent())
}

func (n *Names) notAmong(acct account.Account, users, groups *localNames) (account.Account, error) {
	var err error
	switch {
	case users.hasName(acct.Name) || users.hasID(acct.UID):
		err = refuse(Local, "%s: user %s or uid %d is local", acct.DN, strconv.Quote(acct.Name), acct.UID)
	case groups.hasID(acct.GID):
		err = refuse(Local, "%s: user %s: gid %d is that of a local group", acct.DN, strconv.Quote(acct.Name), acct.GID)
	default:
		return acct, nil
	}
	n.report(err)
	return account.Account{}, err
}

// checkedGroup is a group that the rules allow, without the members that cannot
// be users, and without any if members are not wanted.
func (n *Names) checkedGroup(group account.Group) (account.Group, error) {
	if !n.rules.ValidName(group.Name) {
		return account.Group{}, refuse(BadName, "%s: the group name is refused (accounts.valid_names)", group.DN)
	}
	if err := n.rules.CheckGID(group.GID); err != nil {
		return account.Group{}, refuse(BadID, "%s: %w", group.DN, err)
	}
	if err := n.notOfRole(group); err != nil {
		return account.Group{}, err
	}
	if n.noMembers {
		group.Members = nil
		return group, nil
	}
	members := make([]string, 0, len(group.Members))
	for _, member := range group.Members {
		if n.rules.ValidName(member) {
			members = append(members, member)
			continue
		}
		n.report(refuse(BadMember, "%s: member %s: the name is refused (accounts.valid_names)", group.DN, strconv.Quote(member)))
	}
	group.Members = members
	return group, nil
}

// notLocalGroup is the group of a record, as it was asked for, if it does not
// take the place of one of this machine, and without users of this machine.
func (n *Names) notLocalGroup(s *slot, asked string) (account.Group, error) {
	group := n.group(s, asked)
	if n.isLocalGroup(group, n.groups.current()) {
		return account.Group{}, refuse(Local, "%s: the group is local", group.DN)
	}
	users := n.users.current()
	if s.harmless.Load() == users.generation {
		return group, nil
	}
	var left int
	if group.Members, left = withoutLocals(group.Members, users); left == 0 {
		s.harmless.Store(users.generation)
	}
	return group, nil
}

// isLocalGroup reports whether a group has the name or gid of one of this
// machine.
func (n *Names) isLocalGroup(group account.Group, local *localNames) bool {
	if !local.hasName(group.Name) && !local.hasID(group.GID) {
		return false
	}
	n.report(refuse(Local, "%s: group %s or gid %d is local", group.DN, strconv.Quote(group.Name), group.GID))
	return true
}

// withoutLocals leaves the users of this machine out of a list of members, and
// reports whether there were any. A directory speaks of its own user of that
// name, who does not exist here; and what a local user may do is not its to say.
func withoutLocals(members []string, local *localNames) (kept []string, left int) {
	for i, member := range members {
		if local.hasName(member) {
			if left == 0 {
				kept = append(make([]string, 0, len(members)), members[:i]...)
			}
			left++
			continue
		}
		if left > 0 {
			kept = append(kept, member)
		}
	}
	if left == 0 {
		return members, 0
	}
	return kept, left
}

func (n *Names) checkShadow(shadow account.Shadow) error {
	if !n.rules.ValidName(shadow.Name) {
		return refuse(BadName, "shadow data of %s: the user name is refused (accounts.valid_names)", strconv.Quote(shadow.Name))
	}
	return nil
}

func (n *Names) notLocalShadow(shadow account.Shadow, users *localNames) (account.Shadow, error) {
	if !users.hasName(shadow.Name) {
		return shadow, nil
	}
	err := refuse(Local, "shadow data of %s: the user is local", strconv.Quote(shadow.Name))
	n.report(err)
	return account.Shadow{}, err
}
