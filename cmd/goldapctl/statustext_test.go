package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/server"
)

// noon is when the statuses of these tests are.
var noon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// wellStatus is a daemon on a good day.
func wellStatus() server.Status {
	return server.Status{
		Version: "v1.2.3", Go: "go1.26.5", Started: noon.Add(-51 * time.Hour),
		Configuration: server.ConfigurationStatus{Path: "/etc/goldap/goldap.toml", Generation: 1, Read: noon.Add(-51 * time.Hour)},
		Directories: []server.DirectoryStatus{{
			Name: "staff", State: server.DirectoryUp,
			Servers: []server.ServerStatus{{
				URI: "ldaps://one.example.com", Up: true, Asked: true, LatencySeconds: 0.0012, Operations: 4000, OperationSeconds: 6,
				CertificateExpires: noon.AddDate(0, 3, 0), ChainExpires: noon.AddDate(0, 3, 0),
				SearchConnections: server.SearchConnectionsStatus{Open: 2, InFlight: 5},
				BindConnections:   server.BindConnectionsStatus{Open: 4, Busy: 1, Kept: 3},
			}, {URI: "ldaps://two.example.com", Up: true}},
		}},
		Caches: server.CachesStatus{
			Lookups: server.LookupCacheStatus{Entries: 1200, Limit: 200000, Absences: 40, Hits: 90000, Misses: 1500, Refreshes: 70, Maps: []server.MapCacheStatus{
				{Map: "passwd", Entries: 1000, Absences: 40, Hits: 60000, Misses: 1200, OldestSeconds: 540},
				{Map: "group", Entries: 200, Hits: 30000, Misses: 300, OldestSeconds: 3700},
				{Map: "hosts"},
				{Map: "shadow", Misses: 1},
			}},
			Logins: server.LoginCacheStatus{Entries: 1, Hits: 5, Misses: 5},
		},
		Throttle:    server.ThrottleStatus{Enabled: true, Keys: 1, Waiting: 1},
		Connections: server.ConnectionsStatus{Open: 3, Served: 91500},
	}
}

// illStatus is a daemon on a bad day.
func illStatus() server.Status {
	s := wellStatus()
	s.Configuration.Warnings = []string{"/etc/goldap/goldap.toml:3: a warning"}
	s.Configuration.FailedReload = &server.FailedReload{At: noon.Add(-time.Hour), Error: "goldap.toml:7: nonsense\ngoldap.toml:9: \x1b[2J"}
	s.Directories[0].Servers[0].LastError, s.Directories[0].Servers[0].LastErrorAt = "no answer: TLS: remote error", noon.Add(-time.Minute)
	s.Directories[0].Servers[0].Failures = server.FailuresStatus{Connect: 1, TLS: 2, Bind: 3, Answer: 4}
	s.Directories[0].Servers[0].ChainExpires = noon.AddDate(0, 0, 1)
	s.Directories[0].Outages, s.Directories[0].UnavailableSeconds = 1, 61
	s.Directories = append(s.Directories, server.DirectoryStatus{
		Name: "partners", State: server.DirectoryAway, Reason: "no server answers",
		Outages: 2, UnavailableSeconds: 100000, UnavailableSince: noon.Add(-90 * time.Second),
		Servers: []server.ServerStatus{{
			URI: "ldap://ldap.partners.example", WritesOnly: true, Asked: true, LatencySeconds: 1.5, Operations: 1, OperationSeconds: 1.5,
			Error: "no answer: connect: connection refused", RetryAt: noon.Add(10 * time.Second),
			LastError: "no answer: connect: connection refused", LastErrorAt: noon, Failures: server.FailuresStatus{Connect: 7},
			CertificateExpires: noon.AddDate(0, 0, -2), ChainExpires: noon.AddDate(0, 0, -2),
		}},
	}, server.DirectoryStatus{Name: "later", State: server.DirectoryNotAsked},
		server.DirectoryStatus{Name: "shy", State: server.DirectoryRefuses, Servers: []server.ServerStatus{{URI: "ldapi:///", Up: true, Asked: true}}})
	s.Refusals = map[string]uint64{"local": 1, "id": 12, "name": 0}
	s.Throttle = server.ThrottleStatus{}
	s.Connections.TurnedAway = 8
	s.Caches.Lookups.Flushed = noon.Add(-time.Second)
	return s
}

func TestStatusText(t *testing.T) {
	for name, write := range map[string]func(statusText){
		"status-well": func(w statusText) { w.status(wellStatus()) },
		"status-ill":  func(w statusText) { w.status(illStatus()) },
		"cache-well":  func(w statusText) { w.caches(wellStatus().Caches) },
		"cache-empty": func(w statusText) { w.caches(server.CachesStatus{}) },
	} {
		var got bytes.Buffer
		write(statusText{&got, noon})
		path := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || got.String() != string(want) {
			t.Errorf("%s: %v, the text is\n%s\nand should be\n%s", name, err, got.String(), want)
		}
	}
}

func TestPercentNeverRoundsUp(t *testing.T) {
	for want, c := range map[string][2]uint64{
		"-": {0, 0}, "0.0 %": {0, 3}, "99.9 %": {1_000_000, 1}, "100.0 %": {1_000_000, 0}, "33.3 %": {1, 2},
	} {
		if got := percent(c[0], c[1]); got != want {
			t.Errorf("%v: %s, want %s", c, got, want)
		}
	}
}

func TestLong(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0 s": -time.Second, "59 s": 59*time.Second + 999*time.Millisecond, "1 min 0 s": time.Minute,
		"1 h 59 min": 2*time.Hour - time.Second, "400 d 1 h": 400*24*time.Hour + time.Hour,
	} {
		if got := long(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}
