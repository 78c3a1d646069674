package machine

import (
	"context"
	"slices"
	"strings"
)

const nsswitch = "/etc/nsswitch.conf"

// database is a line of nsswitch.conf(5).
type database struct {
	line    int
	sources []source
}

// source is a service of a line, and the actions in brackets behind it.
type source struct{ name, actions string }

// checkNSSwitch looks at who is asked for users and groups.
func (x *examination) checkNSSwitch(context.Context) {
	data, err := x.host.read(nsswitch)
	if err != nil {
		x.found("nss-missing", nsswitch, "goldapctl setup --nsswitch, or see docs/lookups.md", "cannot be read, so that no directory is asked for users: %v", withoutPath(err))
		return
	}
	databases := readNSSwitch(string(data))
	for _, name := range []string{"passwd", "group", "shadow"} {
		x.checkDatabase(name, databases[name])
	}
}

func readNSSwitch(text string) map[string]database {
	databases := map[string]database{}
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		name, services, found := strings.Cut(line, ":")
		if name = strings.TrimSpace(name); !found || name == "" {
			continue
		}
		databases[name] = database{line: i + 1, sources: readSources(services)}
	}
	return databases
}

func readSources(text string) []source {
	var sources []source
	inside := false
	for _, word := range strings.Fields(strings.NewReplacer("[", " [", "]", "] ").Replace(text)) {
		inside = inside || strings.HasPrefix(word, "[")
		if !inside {
			sources = append(sources, source{name: word})
		} else if len(sources) > 0 {
			sources[len(sources)-1].actions += " " + strings.ToLower(strings.Trim(word, "[]"))
		}
		if strings.HasSuffix(word, "]") {
			inside = false
		}
	}
	return sources
}

// isOurs: libnss_ldap.so.2 may be goldap's, too.
func isOurs(s source) bool { return s.name == "goldap" || s.name == "ldap" }

// isLocal are the sources of users of the machine.
func isLocal(s source) bool { return s.name == "files" || s.name == "compat" || s.name == "db" }

// returnsEarly: those behind s are not asked for what s has not.
func returnsEarly(s source) bool {
	return strings.Contains(s.actions, "notfound=return") || strings.Contains(s.actions, "!success=return")
}

func (x *examination) checkDatabase(name string, db database) {
	where := fileLine(nsswitch, db.line)
	at := slices.IndexFunc(db.sources, isOurs)
	if at < 0 {
		if name != "shadow" { // pam_unix does without
			x.found("nss-missing", where, "goldapctl setup --nsswitch, or write goldap behind files", "%s does not ask goldap: users of the directory are nobody", name)
		}
		return
	}
	if local := slices.IndexFunc(db.sources, isLocal); local > at {
		x.found("nss-before-files", where, "write "+db.sources[at].name+" behind "+db.sources[local].name,
			"%s asks the directory before the users of this machine: each lookup of root waits for it", name)
	}
	if early := slices.IndexFunc(db.sources[:at], returnsEarly); early >= 0 {
		x.found("nss-never-asked", where, "take the [...] behind "+db.sources[early].name+" away",
			"%s never comes to %s: the action behind %s ends the search", name, db.sources[at].name, db.sources[early].name)
	}
	x.checkSources(name, where, db.sources)
}

func (x *examination) checkSources(name, where string, sources []source) {
	var others []string
	for _, s := range sources {
		if isOurs(s) || s.name == "sss" || s.name == "winbind" {
			others = append(others, s.name)
		}
		library := "libnss_" + s.name + ".so.2"
		if isOurs(s) && x.host.library(library) == "" {
			x.found("nss-module-missing", where, "install libnss-goldap (for ldap: goldap-compat)", "%s asks %s, but there is no %s", name, s.name, library)
		}
	}
	if len(others) > 1 {
		x.found("nss-two-directories", where, "leave one of them, unless they are for different directories",
			"%s asks %s: users whom both know are whom the first says", name, strings.Join(others, " and "))
	}
}
