package machine

import (
	"slices"
	"strconv"
	"strings"
)

// person is somebody who comes to a stack, whose fate is known.
type person struct {
	local bool // a user of this machine, else of the directory
	// wrong: the password is not the right one. refused: the access rules
	// say no.
	wrong, refused bool
}

const (
	localUID     = 1000
	directoryUID = 10000
)

// neutral are modules that let everybody pass who is nobody in particular.
var neutral = []string{
	"pam_env.so", "pam_nologin.so", "pam_limits.so", "pam_keyinit.so", "pam_selinux.so", "pam_loginuid.so", "pam_motd.so",
	"pam_mail.so", "pam_cap.so", "pam_group.so", "pam_umask.so", "pam_systemd.so", "pam_mkhomedir.so", "pam_lastlog.so",
	"pam_tally2.so", "pam_issue.so", "pam_echo.so", "pam_warn.so", "pam_securetty.so", "pam_shells.so", "pam_permit.so",
}

// unsure is what is not known of a module: every answer is possible.
const unsure = ""

// answer returns what a module answers to a person, unsure if that cannot be
// known. asked: a module before has asked for the password.
func (p person) answer(line pamLine, asked bool) string {
	switch line.module {
	case "pam_unix.so", "pam_unix2.so":
		return p.unix(line.kind)
	case "pam_goldap.so":
		return p.goldap(line, asked)
	case "pam_deny.so", "pam_rootok.so":
		return authErr
	case "pam_faildelay.so":
		return ignored
	case "pam_faillock.so":
		if line.has("authfail") {
			return authErr
		}
		return success
	case "pam_localuser.so":
		return yes(p.local)
	case "pam_succeed_if.so":
		return p.condition(line)
	}
	if slices.Contains(neutral, line.module) {
		return success
	}
	return unsure
}

func yes(so bool) string {
	if so {
		return success
	}
	return permDenied
}

func (p person) unix(kind string) string {
	if kind == "auth" && (!p.local || p.wrong) {
		return authErr
	}
	return success // nsswitch.conf has the users of the directory
}

func (p person) goldap(line pamLine, asked bool) string {
	switch {
	case p.local && line.kind == "account":
		return ignored
	case p.local:
		return unknown
	case line.kind == "account" && p.refused:
		return permDenied
	case line.kind == "auth" && (p.wrong || line.has("use_first_pass") && !asked):
		return authErr
	}
	return success
}

// condition plays pam_succeed_if, as far as it is about the uid.
func (p person) condition(line pamLine) string {
	args := slices.DeleteFunc(slices.Clone(line.args), func(arg string) bool {
		return slices.Contains([]string{"quiet", "quiet_success", "quiet_fail", "use_uid", "debug", "audit"}, arg)
	})
	if len(args) != 3 || args[0] != "uid" {
		return unsure
	}
	limit, err := strconv.Atoi(args[2])
	if err != nil {
		return unsure
	}
	uid := directoryUID
	if p.local {
		uid = localUID
	}
	switch args[1] {
	case ">=", "ge":
		return yes(uid >= limit)
	case ">", "gt":
		return yes(uid > limit)
	case "<", "lt":
		return yes(uid < limit)
	case "<=", "le":
		return yes(uid <= limit)
	}
	return unsure
}

// maxUnsure bounds the modules of a stack that are tried both ways.
const maxUnsure = 6

// outcomes returns the answers of a stack that are possible for a person.
func outcomes(stack []pamLine, p person) (admitted, refused bool) {
	doubts := 0
	for _, line := range stack {
		if !line.begins && p.answer(line, true) == unsure {
			doubts++
		}
	}
	for tried := range 1 << min(doubts, maxUnsure) {
		doubt, asked := 0, false
		end := play(stack, func(line pamLine) string {
			said := p.answer(line, asked)
			if asks(line) {
				asked = true
			}
			if said != unsure {
				return said
			}
			doubt++
			return yes(doubt > maxUnsure || tried>>(doubt-1)&1 == 1)
		})
		admitted = admitted || end == success
		refused = refused || end != success
	}
	return admitted, refused
}

// asks reports whether a module asks for the password, or may.
func asks(line pamLine) bool {
	return !line.has("use_first_pass") && !slices.Contains(neutral, line.module) &&
		!strings.HasPrefix(line.module, "pam_deny") && !strings.HasPrefix(line.module, "pam_fail")
}
