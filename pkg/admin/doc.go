// Package admin is the admin API of goldapd: HTTP and JSON on a Unix socket that
// only root may use. It shows and changes directories, roles and the settings of
// authentication, shows how the daemon is, empties its memory and answers
// Prometheus.
//
//	api := admin.New(admin.Options{Path: "/etc/goldap/goldap.toml", Install: install, ...})
//	err := api.Serve(ctx, listener) // until ctx ends
//
// openapi.json describes it; a test holds the handlers against that. What is
// changed goes into the managed file (config.Managed), never into the
// administrator's own, and counts at once. A change is looked at as a whole,
// written whole and only then put in force: whatever fails on the way, the old
// configuration stays.
//
// The tables have the keys of goldap.toml. A password can be set and is never
// shown: what is there is in the list "secrets".
package admin

//go:generate go run ../config/internal/genopenapi
