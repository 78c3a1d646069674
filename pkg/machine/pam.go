package machine

import (
	"context"
	"slices"
	"strings"
)

const goldapModule = "pam_goldap.so"

// anOrder is what to do about most stacks.
const anOrder = "docs/setup.md has stacks that work"

// checkPAM plays every service that has pam_goldap.
func (x *examination) checkPAM(context.Context) {
	names := x.services()
	used := false
	included := map[string]bool{} // files that belong to others
	for _, name := range names {
		r := &pamReader{host: x.host, included: included}
		for _, kind := range pamKinds {
			_ = r.service(name, kind)
		}
	}
	for _, name := range names {
		s := x.readService(name)
		isFragment := (included[s.path] || strings.HasPrefix(name, "common-")) && (len(s.auth) == 0 || len(s.account) == 0)
		if !isFragment && slices.ContainsFunc(s.all, isGoldap) {
			used = true
			x.checkService(s)
		}
	}
	if len(names) > 0 && !used {
		x.found("pam-unused", pamFolders[0], "goldapctl setup --pam, or see docs/setup.md", "no service asks pam_goldap: nobody of the directory logs in")
	}
}

// pamService is a service with everything it includes.
type pamService struct {
	name, path         string
	auth, account, all []pamLine
	problems           []pamProblem
}

func (x *examination) readService(name string) pamService {
	r := &pamReader{host: x.host, included: map[string]bool{}}
	s := pamService{name: name, path: r.path(name), auth: r.service(name, "auth"), account: r.service(name, "account")}
	s.all = slices.Concat(s.auth, s.account, r.service(name, "password"), r.service(name, "session"))
	s.problems = r.problems
	return s
}

func (x *examination) checkService(s pamService) {
	for _, p := range s.problems {
		x.found("pam-broken", p.where, "correct the line: libpam refuses what it does not understand", "%s (service %s)", p.text, s.name)
	}
	x.checkModules(s.all)
	x.checkAuth(s.name, s.auth)
	x.checkAccount(s.name, s.auth, s.account)
	x.checkNeighbours(s.name, s.all)
}

// services are the names of the service files.
func (x *examination) services() []string {
	var names []string
	for _, folder := range pamFolders {
		for _, name := range x.host.names(folder) {
			if !strings.Contains(name, ".dpkg-") && !strings.HasSuffix(name, "~") && !strings.HasSuffix(name, ".rpmnew") && !strings.HasSuffix(name, ".rpmsave") {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func isGoldap(l pamLine) bool { return l.module == goldapModule }

func indexGoldap(stack []pamLine) int { return slices.IndexFunc(stack, isGoldap) }

// checkAuth plays logins with passwords. A stack without pam_unix is of a
// program that has no use for users of the machine.
func (x *examination) checkAuth(service string, stack []pamLine) {
	at := indexGoldap(stack)
	if at < 0 {
		return
	}
	where := stack[at].where()
	forLocal := slices.ContainsFunc(stack, isUnix)
	if admitted, _ := outcomes(stack, person{local: true}); !admitted && forLocal {
		x.found("pam-local-lockout", where, anOrder,
			"%s: users of this machine, root too, cannot log in although their password is right", service)
	}
	if admitted, _ := outcomes(stack, person{}); !admitted {
		x.found("pam-directory-lockout", where, "pam_deny must come behind it, and a use_first_pass needs a module before it that asks",
			"%s: users of the directory cannot log in although their password is right", service)
	}
	_, refusedLocal := outcomes(stack, person{local: true, wrong: true})
	_, refused := outcomes(stack, person{wrong: true})
	if !refused || !refusedLocal {
		x.found("pam-wrong-password", where, "let the stack end with \"auth required pam_deny.so\"", "%s: a wrong password lets in", service)
	}
	x.checkOrder(service, stack, at)
	if value, ok := stack[at].option("minimum_uid"); forLocal && (!ok || value == "0") {
		x.found("pam-minimum-uid", where, "add minimum_uid=1000", "%s: without minimum_uid the directory is asked for system users that are not in /etc/passwd", service)
	}
}

func isUnix(l pamLine) bool { return strings.HasPrefix(l.module, "pam_unix") }

// checkOrder is about local users whose passwords go to the directory before
// the machine's own are looked at. Without local_users none do.
func (x *examination) checkOrder(service string, stack []pamLine, at int) {
	unix := slices.IndexFunc(stack, isUnix)
	guards := func(l pamLine) bool { return l.module == "pam_localuser.so" || l.module == "pam_succeed_if.so" }
	if unix > at && stack[at].has("local_users") && !slices.ContainsFunc(stack[:at], guards) {
		x.found("pam-order", stack[at].where(), "move it behind pam_unix, or take local_users away",
			"%s: with local_users, the password of every user of this machine goes to the directory before pam_unix sees it", service)
	}
}

// checkAccount plays the access rules.
func (x *examination) checkAccount(service string, auth, account []pamLine) {
	at := indexGoldap(account)
	if at < 0 {
		if auths := indexGoldap(auth); auths >= 0 {
			x.found("pam-no-account", auth[auths].where(), "add \"account required pam_goldap.so minimum_uid=1000\"",
				"%s: pam_goldap is missing in the account stack: access rules and locked accounts do not count for ssh keys", service)
		}
		return
	}
	where := account[at].where()
	if _, refused := outcomes(account, person{refused: true}); !refused {
		x.found("pam-access-skipped", where, "put pam_goldap before what is sufficient for everybody, and make it required",
			"%s: users whom the access rules of goldap refuse are let in all the same", service)
	}
	if admitted, _ := outcomes(account, person{local: true}); !admitted && slices.ContainsFunc(auth, isUnix) {
		x.found("pam-local-lockout", where, anOrder, "%s: the account stack refuses users of this machine, root too", service)
	}
	if admitted, _ := outcomes(account, person{}); !admitted {
		x.found("pam-directory-lockout", where, anOrder, "%s: the account stack refuses users of the directory whom goldap admits", service)
	}
}

// checkNeighbours looks for a second module for a directory.
func (x *examination) checkNeighbours(service string, all []pamLine) {
	for _, l := range all {
		if l.module == "pam_ldap.so" || l.module == "pam_sss.so" || l.module == "pam_ldapd.so" {
			x.found("pam-two-directories", l.where(), "leave one of them, unless they are for different directories",
				"%s: both pam_goldap and %s are asked", service, strings.TrimSuffix(l.module, ".so"))
		}
	}
}

// checkModules sees whether pam_goldap.so is where libpam looks, and can be
// executed, as it is where no goldapd runs.
func (x *examination) checkModules(all []pamLine) {
	for _, l := range all {
		if !isGoldap(l) {
			continue
		}
		path := x.host.modulePath(l.path)
		if path == "" {
			if !l.optional {
				x.found("pam-module-missing", l.where(), "install libpam-goldap", "there is no %s: libpam takes it for a module that fails", l.path)
			}
			continue
		}
		info, err := x.host.stat(path)
		if err == nil && info.Mode().Perm()&0o555 != 0o555 {
			x.found("pam-module-mode", path, "chmod 0755 "+path, "has mode %04o and cannot be executed, as it is where no goldapd answers", info.Mode().Perm())
		}
	}
}

// checkServices looks for service names of the configuration that no program
// has.
func (x *examination) checkServices(context.Context) {
	if x.cfg == nil {
		return
	}
	known := x.services()
	for _, service := range x.cfg.Services {
		for _, name := range service.Names {
			if !slices.Contains(known, name) {
				x.found("service-without-file", x.path, "see whether the name is spelled as in /etc/pam.d",
					"service %q has no file in /etc/pam.d, so that libpam takes the file \"other\" for it", name)
			}
		}
	}
}
