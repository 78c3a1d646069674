package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/goldap/goldap/pkg/account"
)

// writeJSON prints v with a newline at the end.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

type passwdListing account.Account

// writeText prints a line of passwd(5).
func (p passwdListing) writeText(w io.Writer) {
	fmt.Fprintf(w, "%s:*:%d:%d:%s:%s:%s\n", p.Name, p.UID, p.GID, p.Gecos, p.Home, p.Shell)
}

func (p passwdListing) forJSON() any {
	return struct {
		Name  string `json:"name"`
		UID   uint32 `json:"uid"`
		GID   uint32 `json:"gid"`
		Gecos string `json:"gecos"`
		Home  string `json:"home"`
		Shell string `json:"shell"`
	}{p.Name, p.UID, p.GID, p.Gecos, p.Home, p.Shell}
}

type groupListing account.Group

// writeText prints a line of group(5).
func (g groupListing) writeText(w io.Writer) {
	fmt.Fprintf(w, "%s:*:%d:%s\n", g.Name, g.GID, strings.Join(g.Members, ","))
}

func (g groupListing) forJSON() any {
	return struct {
		Name    string   `json:"name"`
		GID     uint32   `json:"gid"`
		Members []string `json:"members"`
	}{g.Name, g.GID, append([]string{}, g.Members...)}
}

// groupsListing are groups without their members.
type groupsListing []account.Group

func (l groupsListing) writeText(w io.Writer) {
	for _, g := range l {
		fmt.Fprintf(w, "%s %d\n", g.Name, g.GID)
	}
}

func (l groupsListing) forJSON() any {
	type group struct {
		Name string `json:"name"`
		GID  uint32 `json:"gid"`
	}
	groups := []group{}
	for _, g := range l {
		groups = append(groups, group{g.Name, g.GID})
	}
	return groups
}

type shadowListing account.Shadow

// writeText prints a line of shadow(5).
func (s shadowListing) writeText(w io.Writer) {
	fields := []string{s.Name, "*"}
	for _, n := range s.numbers() {
		fields = append(fields, shadowField(n))
	}
	fmt.Fprintln(w, strings.Join(fields, ":"))
}

// numbers are in the order of shadow(5).
func (s shadowListing) numbers() []int32 {
	return []int32{s.LastChange, s.Min, s.Max, s.Warn, s.Inactive, s.Expire, s.Flag}
}

func shadowField(n int32) string {
	if n == account.NotSet {
		return ""
	}
	return strconv.Itoa(int(n))
}

// forJSON has days since 1970-01-01 and numbers of days; null is "not set".
func (s shadowListing) forJSON() any {
	v := map[string]any{"name": s.Name}
	keys := []string{"last_change", "min", "max", "warn", "inactive", "expire", "flag"}
	for i, n := range s.numbers() {
		v[keys[i]] = nil
		if n != account.NotSet {
			v[keys[i]] = n
		}
	}
	return v
}
