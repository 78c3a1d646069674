package names

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
)

// LoginAccount returns the account that logs in under this name, and the index
// of the directory that has it. With fresh it is not answered from memory. What
// lookups remember is never used for a login.
func (n *Names) LoginAccount(ctx context.Context, name string, fresh bool) (account.Account, int, error) {
	acct, index, err := n.loginAccount(ctx, name, fresh)
	n.noteLogin(ctx, name, acct, index, err)
	return acct, index, err
}

func (n *Names) loginAccount(ctx context.Context, name string, fresh bool) (account.Account, int, error) {
	if err := n.mayLogIn(name); err != nil {
		return account.Account{}, 0, err
	}
	f, err := n.logins.get(ctx, name, fresh, func(ctx context.Context) (found, error) { return n.loadLogin(ctx, name) })
	if err != nil {
		return account.Account{}, 0, err
	}
	acct, err := n.believedForLogin(name, f.account)
	return acct, f.directory, f.uncertain(err)
}

// loadLogin searches for the account that logs in under this name.
func (n *Names) loadLogin(ctx context.Context, name string) (found, error) {
	acct, from, err := firstForLogin(ctx, n, n.mayPassForLogin, func(ctx context.Context, d Directory) (account.Account, error) {
		return d.LoginAccount(ctx, name)
	})
	if err == nil {
		acct, err = n.believedForLogin(name, acct)
	} else {
		n.report(err)
	}
	if err == nil {
		err = n.checkLoginName(ctx, name, acct)
	}
	if err == nil && n.memory.has(n.keyOf(passwdByName, name), from.passed()) {
		err = fmt.Errorf("%w: %s is a user of a directory that does not answer, as lookups remember", directory.ErrUnavailable, strconv.Quote(name))
	}
	return found{acct, from}, from.uncertain(err)
}

// Forget makes further questions about the user go to the directory.
func (n *Names) Forget(name string) {
	n.logins.forget(name)
	n.memory.forget(n.keyOf(passwdByName, name), n.keyOf(shadowByName, name), n.keyOf(groupsOfMember, name), n.keyOf(groupPaths, name))
}

// checked passes on an account that this machine believes.
func (n *Names) checked(acct account.Account, err error) (account.Account, error) {
	if err == nil {
		err = n.checkAccount(acct)
	}
	if err != nil {
		n.report(err)
		return account.Account{}, err
	}
	return n.notLocal(acct)
}

// checkLoginName refuses a login name that is the user name of another
// account. Where people log in with an attribute of their own choosing, such as
// mail, whoever may set it could otherwise log in as somebody else: the program
// goes by the name that it asked with. No directory is passed over for this, be
// it allowed or not: the name may be that of one of its users.
func (n *Names) checkLoginName(ctx context.Context, name string, acct account.Account) error {
	if acct.Name == name {
		return nil
	}
	other, _, err := firstForLogin(ctx, n, never, func(ctx context.Context, d Directory) (account.Account, error) {
		return d.AccountByName(ctx, name)
	})
	other, err = n.checked(other, err)
	switch {
	case errors.Is(err, directory.ErrNotFound):
		return nil
	case err != nil:
		return err
	case other.UID == acct.UID && other.DN == acct.DN:
		return nil
	}
	return fmt.Errorf("%w: %s logs in with the name of %s", directory.ErrNotUnique, acct.DN, other.DN)
}
