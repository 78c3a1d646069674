package names

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
)

// Users of this machine. The directory never answers lookups of them. Where the
// configuration says so, it proves their passwords if their uid is the same
// there; it never proves root's.

// isRoot reports whether name is that of root, whatever its uid.
func (n *Names) isRoot(name string) bool { return n.same(name, "root") }

// mayLogIn keeps names that cannot exist and those of local users who do not log
// in with the directory's password from the directory.
func (n *Names) mayLogIn(name string) error {
	users := n.users.current()
	switch {
	case n.isRoot(name):
		return fmt.Errorf("%w: root never logs in with a password of the directory", directory.ErrNotFound)
	case !n.localUsers || !n.rules.ValidName(name) || !users.hasName(name):
		return n.mayAskForUser(name)
	}
	if _, err := n.localUID(name, users); err != nil {
		return fmt.Errorf("%w: %w", directory.ErrNotFound, err)
	}
	return nil
}

// localUID returns the uid of a local user whom somebody else may be.
func (n *Names) localUID(name string, users *localNames) (uint32, error) {
	uid, ok := users.id(name)
	switch {
	case !ok:
		return 0, fmt.Errorf("%s is not clearly one user of this machine", strconv.Quote(name))
	case uid == 0 || n.isRoot(name):
		return 0, fmt.Errorf("user %s of this machine is root", strconv.Quote(name))
	}
	return uid, nil
}

// believedForLogin passes on an account that this machine believes for a login
// with the name. That of a local user must have the name and the uid that the
// user has here; the rest of it is not used.
func (n *Names) believedForLogin(name string, acct account.Account) (account.Account, error) {
	users := n.users.current()
	if err := n.checkLogin(acct); err != nil {
		n.report(err)
		return account.Account{}, err
	}
	if !n.localUsers || !users.hasName(name) && !users.hasName(acct.Name) {
		return n.notLocal(acct)
	}
	uid, err := n.localUID(name, users)
	switch {
	case acct.Name != name:
		err = refuse(Local, "%s: its user name is not that of the local user %s", acct.DN, strconv.Quote(name))
	case err != nil:
		err = refuse(Local, "%s: %w", acct.DN, err)
	case acct.UID != uid:
		err = refuse(Local, "%s: user %s has uid %s there and %d on this machine (login.local_users)", acct.DN, strconv.Quote(name), idText(acct.UID), uid)
	default:
		return acct, nil
	}
	n.report(err)
	return account.Account{}, err
}

func idText(id uint32) string {
	if id == account.NoID {
		return "none"
	}
	return strconv.FormatUint(uint64(id), 10)
}

// checkLogin is checkAccount for logins. A user who becomes another may be
// without ids; those of a local user are compared with the local ones.
func (n *Names) checkLogin(acct account.Account) error {
	becomesOther := !acct.HasID() && acct.Template != ""
	isLocal := n.localUsers && n.users.current().hasName(acct.Name)
	switch {
	case !becomesOther && !isLocal:
		return n.checkAccount(acct)
	case !n.rules.ValidName(acct.Name):
		return refuse(BadName, "%s: the user name is refused (accounts.valid_names)", acct.DN)
	case isLocal:
		if err := n.rules.CheckUID(acct.UID); err != nil {
			return refuse(BadID, "%s: %w", acct.DN, err)
		}
	}
	return nil
}

// ErrNoTemplate is why somebody does not become a user of this machine.
var ErrNoTemplate = errors.New("not a user of this machine whom others may become")

// CheckTemplate returns why nobody may become the user of this machine with the
// name, or nil.
func (n *Names) CheckTemplate(name string) error {
	if !n.rules.ValidName(name) {
		return fmt.Errorf("%w: the name %s is refused (accounts.valid_names)", ErrNoTemplate, strconv.Quote(name))
	}
	users := n.users.current()
	if !users.hasName(name) {
		return fmt.Errorf("%w: %s is not in /etc/passwd", ErrNoTemplate, strconv.Quote(name))
	}
	uid, err := n.localUID(name, users)
	if err == nil {
		err = n.rules.CheckUID(uid) // the name may come from an entry
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoTemplate, err)
	}
	return nil
}
