package config

import (
	"strings"
	"time"
)

// sharedBy remembers what a domain says of something that goldap has once for all
// of them. It reports whether another domain has said something else before, which
// then counts.
func (x *sssdDomain) sharedBy(key iniKey, path string) (taken bool) {
	before, known := x.shared[path]
	switch {
	case !known:
		x.shared[path], x.places[path] = key, key.at
		return false
	case !strings.EqualFold(before.value, key.value):
		x.warnAt(key.at, key.value, "goldap has this once for all domains ("+path+"): what the first one says counts")
	}
	return true
}

// readShared reads what goldap has once for all domains.
func (x *sssdDomain) readShared() {
	x.readCacheTime()
	x.readCase()
	if key, given := x.section.get("ignore_group_members"); given && !x.sharedBy(key, "lookups.group_members") {
		x.cfg.Lookups.GroupMembers = !x.flag(key.name, false)
	}
}

// readCacheTime reads how long entries are believed. SSSD has a time for each map.
func (x *sssdDomain) readCacheTime() {
	var shortest iniKey
	var least time.Duration
	for _, name := range []string{"entry_cache_timeout", "entry_cache_user_timeout", "entry_cache_group_timeout"} {
		key, given := x.section.get(name)
		if !given {
			continue
		}
		t := x.cfg.Lookups.CacheTTL
		x.setTime(key, "lookups.cache_ttl", &t, day)
		if shortest.name != "" {
			x.warnAt(key.at, "", "goldap has one time for users and groups (lookups.cache_ttl): it becomes the shortest")
		}
		if shortest.name == "" || t < least {
			shortest, least = key, t
		}
	}
	if shortest.name == "" || x.sharedBy(shortest, "lookups.cache_ttl") {
		return
	}
	x.cfg.Lookups.CacheTTL = least
	x.cfg.Lookups.StaleTTL = max(x.cfg.Lookups.StaleTTL, least)
}

// readCase reads whether names in upper and lower case are the same.
func (x *sssdDomain) readCase() {
	key, given := x.section.get("case_sensitive")
	if !given && x.provider == "ad" {
		key = iniKey{"case_sensitive", "false", x.header}
	} else if !given {
		key = iniKey{"case_sensitive", "true", x.header}
	}
	mode, err := choice(key.value, "true", "true", "false", "false", "preserving", "preserving")
	if err != nil {
		x.failAt(key.at, key.value, err.Error())
		return
	}
	if x.sharedBy(iniKey{key.name, map[bool]string{true: "true", false: "false"}[mode == "true"], key.at}, "accounts.ignore_case") {
		return
	}
	x.cfg.Accounts.IgnoreCase = mode != "true"
	if given && mode == "false" {
		x.warnAt(key.at, "", "goldap shows names as the directory spells them; SSSD shows them in lower case")
	}
}

// finishEnumeration reads whether everybody can be listed: SSSD says no unless told
// otherwise.
func (r *sssdReader) finishEnumeration() {
	r.cfg.Lookups.Enumerate = false
	wanted := 0
	for _, x := range r.domains {
		if x.flag("enumerate", false) {
			wanted++
			r.cfg.Lookups.Enumerate = true
		}
	}
	if wanted > 0 && wanted < len(r.domains) {
		r.warnAt(r.domains[0].header, "", "goldap lists the users of all domains or of none (lookups.enumerate): it becomes all")
	}
}
