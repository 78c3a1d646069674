package config

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// maxLine is the longest line, in bytes. (nslcd takes one byte less.)
const maxLine = 4095

// nslcdBases collects what nslcd.conf says about where to search. It is put
// together at the end because the lines may come in any order.
type nslcdBases struct {
	all    []placedDN
	ofMap  map[string][]placedDN
	scopes map[string]string // of maps
}

// placedDN is a base DN and where it stands.
type placedDN struct {
	dn string
	at place
}

// readNSLCD reads a whole file in nslcd's spelling (nslcd.conf(5)). A line is a
// keyword, which blanks may precede, and its value. Most values are one word.
// Unlike PADL's programs nslcd starts with no file that it does not understand
// in full.
func (d *draft) readNSLCD(data []byte) {
	d.cfg.Daemon.Sockets = append(d.cfg.Daemon.Sockets, nslcdSocket)
	r := d.newKeywordReader()
	r.bases.ofMap, r.bases.scopes = map[string][]placedDN{}, map[string]string{}
	number := 0
	for line := range bytes.Lines(data) {
		number++
		r.readNSLCDLine(number, string(line))
		if d.stopped {
			return
		}
	}
	r.finishServers()
	r.finishNSLCDBases()
	r.finishNSLCDMembers()
	r.dir.RetryMax = max(r.dir.RetryMax, r.dir.RetryMin)
}

// finishNSLCDMembers leaves uniqueMember out, unless a line maps member to it:
// nslcd does not look at it, so nobody is a member by it on machines that have
// an nslcd.conf.
func (r *keywordReader) finishNSLCDMembers() {
	if _, named := r.dir.Group.Attributes["member"]; !named {
		r.rename(place{}, "group", "member", "member")
	}
}

// nslcdSocket is where programs made for nslcd ask. Who has an nslcd.conf has
// such programs.
const nslcdSocket = "/run/nslcd/socket"

func (r *keywordReader) readNSLCDLine(number int, line string) {
	line = strings.TrimRight(line, " \t\r\n")
	if line == "" || line[0] == '#' {
		return
	}
	name, value := cutKeyword(strings.TrimLeft(line, " \t"))
	at := place{key: name, line: number}
	switch {
	case number == 1 && strings.HasPrefix(name, "\xef\xbb\xbf"):
		r.stop(1, "begins with a byte order mark: save the file as plain UTF-8")
	case looksLikeTOML(name, value):
		r.stop(number, "looks like TOML: the name of a TOML file must end in .toml")
	case len(line) > maxLine:
		r.failAt(place{line: number}, "", "the line is longer than "+strconv.Itoa(maxLine)+" bytes: make it shorter, or write a TOML file")
	case name[0] == '#':
		r.failAt(place{line: number}, "", "a comment begins in the first column: remove the blanks before the #")
	case isBlank(line[0]) && r.known[name].name == "" && r.hint(name) == "":
		// Perhaps the rest of the line above, which may have been a password.
		r.failAt(place{line: number}, "", "the line does not begin with a keyword, and no line goes on from the one above")
	default:
		r.readKeyword(at, value)
	}
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// finishNSLCDBases puts bases and scopes where the model has them. A map with a
// scope and no base of its own is searched where the others are.
func (r *keywordReader) finishNSLCDBases() {
	all := r.bases.all
	if len(all) > 0 && all[0].dn != "" {
		r.dir.Base, r.places[first+"base"] = all[0].dn, all[0].at
		all = all[1:]
	}
	r.dir.Bases = r.placeBases(first+"bases", all, "")
	for _, name := range mapNames() {
		own, scope := r.bases.ofMap[name], r.bases.scopes[name]
		if len(own) == 0 && scope != "" {
			own = r.bases.all
		}
		r.dir.mapNamed(name).Bases = r.placeBases(first+name+".bases", own, scope)
	}
}

func (r *keywordReader) placeBases(path string, from []placedDN, scope string) []SearchBase {
	var bases []SearchBase
	for i, base := range from {
		r.places[index(path, i)] = base.at
		r.places[index(path, i)+".dn"] = base.at
		bases = append(bases, SearchBase{DN: base.dn, Scope: scope})
	}
	return bases
}

// cutMap cuts the name of a map off a value, if it begins with one and there is
// more. Several maps have a singular and a plural for a name.
func cutMap(value string) (name, rest string) {
	word, rest := cutWord(value)
	if name = mapCalled(word); name == "" || rest == "" {
		return "", value
	}
	return name, rest
}

// mapCalled returns the map that nslcd means by a word, or "".
func mapCalled(word string) string {
	word = strings.ToLower(word)
	if slices.Contains(mapNames(), word) {
		return word
	}
	return map[string]string{"alias": "aliases", "ether": "ethers", "host": "hosts",
		"network": "networks", "protocol": "protocols", "service": "services"}[word]
}

// cutWord cuts the first word off a value.
func cutWord(value string) (word, rest string) {
	end := strings.IndexAny(value, " \t")
	if end < 0 {
		return value, ""
	}
	return value[:end], strings.TrimLeft(value[end:], " \t")
}
