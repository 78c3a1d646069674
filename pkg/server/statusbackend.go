package server

import (
	"slices"

	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/names"
)

// reporter fills in what the directories and the lookups know.
func reporter(directories []*directory.Directory, lookups *names.Names) func(*Status) {
	return func(s *Status) {
		for i, d := range directories {
			s.Directories = append(s.Directories, directoryStatus(d, lookups.Condition(i)))
		}
		s.Caches = cachesStatus(lookups.Stats())
		s.Refusals = map[string]uint64{}
		for _, reason := range names.Reasons() {
			s.Refusals[string(reason)] = 0
		}
		for reason, count := range lookups.Refusals() {
			s.Refusals[string(reason)] = count
		}
	}
}

func directoryStatus(d *directory.Directory, lookups names.Condition) DirectoryStatus {
	outages := d.Outages()
	status := DirectoryStatus{
		Name: d.Name(), Outages: outages.Count, MemberNames: d.MemberNames(),
		UnavailableSeconds: outages.Total.Seconds(), UnavailableSince: outages.Since, Servers: []ServerStatus{},
	}
	for _, server := range d.Status() {
		status.Servers = append(status.Servers, serverStatus(server))
	}
	status.State, status.Reason = stateOf(status.Servers, lookups)
	return status
}

// stateOf says whether a directory is passed over, and why.
func stateOf(servers []ServerStatus, lookups names.Condition) (state, reason string) {
	switch {
	case len(servers) > 0 && !slices.ContainsFunc(servers, func(s ServerStatus) bool { return s.Up }):
		return DirectoryAway, "no server answers"
	case lookups == names.Away:
		return DirectoryAway, "no answer in time"
	case lookups == names.Refuses:
		return DirectoryRefuses, ""
	case lookups == names.NotAsked && !slices.ContainsFunc(servers, func(s ServerStatus) bool { return s.Asked }):
		return DirectoryNotAsked, ""
	}
	return DirectoryUp, ""
}

func serverStatus(s directory.ServerStatus) ServerStatus {
	return ServerStatus{
		URI: s.URI, WritesOnly: s.WritesOnly, Up: s.Up, Asked: s.Latency > 0,
		Error: s.LastError, RetryAt: s.RetryAt, LatencySeconds: s.Latency.Seconds(),
		Operations: s.Operations, OperationSeconds: s.OperationTime.Seconds(),
		Failures:  FailuresStatus(s.Failures),
		LastError: s.LastFailure, LastErrorAt: s.LastFailureAt,
		CertificateExpires: s.Certificate.Expires, ChainExpires: s.Certificate.ChainExpires,
		SearchConnections: SearchConnectionsStatus(s.Searches), BindConnections: BindConnectionsStatus(s.Binds),
	}
}

func cachesStatus(s names.Stats) CachesStatus {
	lookups := LookupCacheStatus{
		Entries: s.Entries, Limit: s.Limit, Absences: s.Absences,
		Hits: s.Hits, StaleHits: s.Stale, Misses: s.Misses, Refreshes: s.Refreshes, Evictions: s.Evictions, Flushed: s.Flushed,
	}
	for _, m := range s.Maps {
		lookups.Maps = append(lookups.Maps, MapCacheStatus{
			Map: m.Map, Entries: m.Entries, Absences: m.Absences, Hits: m.Hits, Misses: m.Misses, OldestSeconds: m.Oldest.Seconds(),
		})
	}
	return CachesStatus{Lookups: lookups, Logins: LoginCacheStatus(s.Logins)}
}
