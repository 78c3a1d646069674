package directory

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/secret"
)

// TrialOptions are whom a trial is about.
type TrialOptions struct {
	// User is the name that the user logs in with.
	User string
	// Prove has the password proven, which is an attempt like any other: a wrong
	// one counts in the directory.
	Prove    bool
	Password secret.Secret
}

// TrialReport is what Trial found.
type TrialReport struct {
	Report
	// Server is where the rest was asked: the first that answers. It is empty if
	// none does.
	Server string `json:"server,omitempty"`
	// User are the steps about the user. Nothing follows on a search that did not
	// find exactly one entry.
	User []TrialStep `json:"user,omitempty"`
	// DN is the user's; empty if not exactly one was found.
	DN string `json:"dn,omitempty"`
	// Proven: the server accepted the password.
	Proven bool `json:"password_proven"`
}

// The steps of a trial about a user, in order.
const (
	StepFind       = "find"               // details: filter, matched, dn
	StepPassword   = "password"           // details: those of the reply
	StepAccount    = "account"            // details: the mapped attributes
	StepAttributes = "attributes"         // details: others that tell entries and people apart
	StepMemberUID  = "groups by name"     // details: attribute, and each group's name
	StepMember     = "groups by DN"       // details: attribute, and each group's name
	StepMemberOf   = "groups by memberOf" // details: each value
	StepGroups     = "groups"             // details: each group's name, with the way into it
)

// Trial is Verify, and then the way of a login for one user, at the first server
// that answers: find the entry, bind with the password if that is wanted, read
// the account, and find the groups in each of the ways that there are.
func Trial(ctx context.Context, cfg config.Directory, opts TrialOptions) TrialReport {
	d, err := New(cfg, Options{})
	if err != nil {
		return TrialReport{Report: Report{Directory: cfg.Name, Error: err.Error()}}
	}
	defer d.Close()
	trials := d.tryServers(ctx)
	report := TrialReport{Report: Report{Directory: d.cfg.Name, Servers: reportsOf(trials)}}
	for _, t := range trials {
		switch {
		case t.answers() && !t.server.writesOnly && report.Server == "":
			report.Server = t.uri
		case t.server != nil && !t.answers(): // do not wait for it again
			t.server.markDown(t.began, errors.New(failedOf(t.taken).Error))
		}
	}
	if report.Server == "" {
		return report
	}
	u := userTrial{directory: d, opts: opts, steps: steps{began: time.Now()}}
	if panicked := guarded(func() { u.run(ctx) }); panicked != nil {
		u.step("panic", panicked)
	}
	report.User, report.DN, report.Proven = u.taken, u.dn, u.proven
	return report
}

// userTrial is the way of one user.
type userTrial struct {
	steps
	directory *Directory
	opts      TrialOptions
	dn        string
	proven    bool
}

// maxShown bounds the values that a trial shows of what there may be many of.
const maxShown = 20

func (u *userTrial) run(ctx context.Context) {
	found, err := u.find(ctx)
	if err != nil {
		return
	}
	u.dn = found.DN
	if u.opts.Prove {
		u.prove(ctx)
	}
	name := u.account(found)
	u.attributes(found)
	if name == "" {
		return
	}
	m := &u.directory.maps.group
	u.groups(ctx, StepMemberUID, m.attribute("memberUid"), name, m.equal("memberUid", name))
	u.groups(ctx, StepMember, strings.Join(m.memberAttributes(), ", "), found.DN, or(m.lists(found.DN)...))
	u.memberOf(ctx, found)
	u.paths(ctx, name, found.DN)
}

// otherAttributes are shown, too.
var otherAttributes = []string{"mail", "entryUUID", "objectGUID", "nsUniqueId", memberOf}

// find searches for the entry, and tells of all that match.
func (u *userTrial) find(ctx context.Context) (entry, error) {
	d, m := u.directory, &u.directory.maps.passwd
	attribute := d.maps.loginAttribute
	match := equal(attribute, u.opts.User)
	details := []Detail{{"filter", and(m.filter, match).text}}
	for _, at := range m.places {
		details = append(details, Detail{"base", at.dn})
	}
	if !canExist(u.opts.User) {
		err := fmt.Errorf("%q cannot be a name", u.opts.User)
		u.step(StepFind, err)
		return entry{}, err
	}
	wanted := append(m.attributes(accountAttributes...), attribute)
	wanted = append(append(wanted, otherAttributes...), d.stateAttributes()...)
	if d.cfg.SSHKeyAttribute != "" {
		wanted = append(wanted, d.cfg.SSHKeyAttribute)
	}
	found, err := d.findSome(ctx, m, u.opts.User, match, wanted)
	details = append(details, Detail{"matched", strconv.Itoa(len(found))})
	for _, e := range found[:min(len(found), maxShown)] {
		details = append(details, Detail{"dn", e.DN})
	}
	if err == nil {
		err = theOne(m, found, attribute, u.opts.User)
	}
	u.step(StepFind, err, details...)
	if err != nil {
		return entry{}, err
	}
	return found[0], nil
}

// theOne says why what was found is not the entry of the user.
func theOne(m *mapping, found []entry, attribute, name string) error {
	switch len(found) {
	case 0:
		return errors.New("no entry matches")
	case 1:
		if _, ok := m.spelled(found[0], attribute, name); !ok {
			return fmt.Errorf("the entry spells the name otherwise: %q", found[0].values(attribute))
		}
		return nil
	}
	return errors.New("more than one entry matches: nobody can say which is meant")
}

// prove binds with the password.
func (u *userTrial) prove(ctx context.Context) {
	reply, err := u.directory.BindAsUser(ctx, u.dn, u.opts.Password)
	if err != nil {
		u.step(StepPassword, err)
		return
	}
	u.proven = reply.Code == ResultSuccess
	if !u.proven {
		err = fmt.Errorf("the server does not accept the password: result code %d", reply.Code)
	}
	u.step(StepPassword, err, replyDetails(reply)...)
}

// account reads the account, and returns the user name, empty if it cannot be
// used.
func (u *userTrial) account(e entry) string {
	m := &u.directory.maps.passwd
	name, err := e.name(m.attribute("uid"))
	details := []Detail{{called("uid", m), name}}
	acct, err2 := m.account(e, name)
	if err = errors.Join(err, err2); err == nil {
		details = append(details, Detail{called("uidNumber", m), idText(acct.UID)}, Detail{called("gidNumber", m), idText(acct.GID)},
			Detail{called("homeDirectory", m), acct.Home}, Detail{called("loginShell", m), acct.Shell}, Detail{called("gecos", m), acct.Gecos})
	} else {
		for _, attribute := range []string{"uidNumber", "gidNumber", "homeDirectory", "loginShell", "gecos"} {
			details = append(details, Detail{called(attribute, m), m.value(e, attribute)})
		}
	}
	if u.directory.cfg.PasswordPolicy {
		if state := e.state(); state.LockedBy != "" {
			details = append(details, Detail{"locked by", state.LockedBy})
		}
	}
	u.step(StepAccount, err, details...)
	return name
}

func idText(id uint32) string { return strconv.FormatUint(uint64(id), 10) }

// called is what an attribute of the schema is, and what the directory calls it.
func called(schema string, m *mapping) string {
	switch actual := m.attribute(schema); {
	case m.expressions[schema] != nil:
		return schema + " (computed)"
	case actual != schema:
		return schema + " (" + actual + ")"
	}
	return schema
}

// attributes shows what else the entry has.
func (u *userTrial) attributes(e entry) {
	var details []Detail
	for _, attribute := range append(otherAttributes[:len(otherAttributes):len(otherAttributes)], u.directory.cfg.SSHKeyAttribute) {
		values := e.values(attribute)
		for _, value := range values[:min(len(values), maxShown)] {
			if attribute == "objectGUID" {
				value = guidText(value)
			}
			details = append(details, Detail{attribute, value})
		}
		if more := len(values) - maxShown; more > 0 {
			details = append(details, Detail{attribute, fmt.Sprintf("and %d more", more)})
		}
	}
	u.step(StepAttributes, nil, details...)
}

// guidText writes a GUID as people do: the first three parts are little-endian
// ([MS-DTYP], section 2.3.4.2).
func guidText(g string) string {
	if len(g) != 16 {
		return fmt.Sprintf("%x", g)
	}
	return fmt.Sprintf("%x-%x-%x-%x-%x", []byte{g[3], g[2], g[1], g[0]}, []byte{g[5], g[4]}, []byte{g[7], g[6]}, g[8:10], g[10:])
}

// groups searches for the groups that list the user in one way.
func (u *userTrial) groups(ctx context.Context, step, attribute, value string, match filter) {
	d, m := u.directory, &u.directory.maps.group
	if match.text == "" {
		u.step(step, nil, Detail{"attribute", "none is configured"})
		return
	}
	found, err := d.findAll(ctx, m, value, match, m.attributes("cn", "gidNumber"))
	details := []Detail{{"attribute", attribute}}
	for _, e := range found {
		details = append(details, m.groupDetail(e))
	}
	u.step(step, err, details...)
}

// groupDetail is a group for people.
func (m *mapping) groupDetail(e entry) Detail {
	group, err := m.group(e)
	if err != nil {
		return Detail{e.DN, "left out: " + err.Error()}
	}
	return Detail{group.Name, "gid " + idText(group.GID)}
}

// memberOf reads the groups that the user's entry names.
func (u *userTrial) memberOf(ctx context.Context, e entry) {
	values, err := u.directory.allValues(ctx, e, memberOf)
	var details []Detail
	for _, value := range values {
		details = append(details, Detail{"dn", value})
	}
	u.step(StepMemberOf, err, details...)
}

// paths finds the groups that the user has by the configuration.
func (u *userTrial) paths(ctx context.Context, name, dn string) {
	memberships, err := u.directory.GroupPaths(ctx, name, dn)
	var details []Detail
	for _, m := range memberships {
		text := "gid " + idText(m.Group.GID)
		if len(m.Path) > 1 {
			text += ": " + strings.Join(m.Path, ", which is in ")
		}
		details = append(details, Detail{m.Group.Name, text})
	}
	u.step(StepGroups, err, details...)
}
