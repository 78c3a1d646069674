package machine

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
)

const sshdConfig = "/etc/ssh/sshd_config"

// setting is a keyword of sshd, and where it stands.
type setting struct{ value, where string }

// checkSSHD looks at what sshd makes of PAM: by its own account (sshd -T) if it
// gives one, otherwise by its files.
func (x *examination) checkSSHD(ctx context.Context) {
	settings := x.readSSHD(sshdConfig, map[string]setting{}, 0)
	if settings == nil {
		return // there is no sshd
	}
	if said, err := x.sshd(ctx); err == nil {
		for name, s := range parseSSHD(string(said)) {
			if before, written := settings[name]; written {
				s.where = before.where
			}
			settings[name] = s
		}
	}
	is := func(name, value, ifUnset string) (string, bool) {
		s, ok := settings[name]
		if !ok {
			return sshdConfig, value == ifUnset
		}
		return orElse(s.where, sshdConfig), strings.EqualFold(s.value, value)
	}
	if where, off := is("usepam", "no", "no"); off {
		x.found("sshd-no-pam", where, "UsePAM yes, then systemctl reload ssh (sshd)", "sshd does not use PAM: nobody of the directory logs in with a password, and no access rule counts")
		return
	}
	where, off := is("kbdinteractiveauthentication", "no", "yes")
	if _, noPasswords := is("passwordauthentication", "no", "yes"); off && noPasswords {
		x.found("sshd-no-passwords", where, "leave it if only keys are meant", "sshd takes no passwords: only ssh keys let somebody in")
	} else if off {
		x.found("sshd-keyboard-interactive", where, "KbdInteractiveAuthentication yes, then systemctl reload ssh (sshd)",
			"sshd shows nothing of what goldap says to those it refuses (an account that is locked, a password that has expired)")
	}
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// readSSHD reads sshd_config(5) with what it includes, up to the first Match:
// the first value of a keyword counts. It returns nil if there is no file.
func (x *examination) readSSHD(path string, settings map[string]setting, depth int) map[string]setting {
	const deepest = 16 // sshd's own
	data, err := x.host.read(path)
	if err != nil || depth > deepest {
		return nil
	}
	for i, line := range strings.Split(string(data), "\n") {
		name, value := keyword(line)
		switch name {
		case "":
		case "match":
			return settings
		case "include":
			for _, included := range x.included(value) {
				x.readSSHD(included, settings, depth+1)
			}
		default:
			if _, set := settings[name]; !set {
				settings[name] = setting{value, fileLine(path, i+1)}
			}
		}
	}
	return settings
}

// included are the files that an Include names, which are relative to /etc/ssh.
func (x *examination) included(patterns string) []string {
	var paths []string
	for _, pattern := range strings.Fields(patterns) {
		if !filepath.IsAbs(pattern) {
			pattern = filepath.Join("/etc/ssh", pattern)
		}
		found, _ := filepath.Glob(x.host.real(pattern)) // a bad pattern is sshd's to complain of
		for _, path := range found {
			paths = append(paths, x.host.shown(path))
		}
	}
	slices.Sort(paths)
	return paths
}

// parseSSHD reads what sshd -T says.
func parseSSHD(text string) map[string]setting {
	settings := map[string]setting{}
	for line := range strings.Lines(text) {
		if name, value := keyword(line); name != "" {
			settings[name] = setting{value: value}
		}
	}
	return settings
}

// keyword splits a line. Old names become the present ones.
func keyword(line string) (name, value string) {
	line = strings.TrimSpace(line)
	if strings.HasPrefix(line, "#") {
		return "", ""
	}
	end := strings.IndexAny(line, " \t=")
	if end < 0 {
		return "", ""
	}
	name, value = strings.ToLower(line[:end]), strings.Trim(line[end:], " \t=\"")
	if name == "challengeresponseauthentication" {
		name = "kbdinteractiveauthentication"
	}
	return name, value
}
