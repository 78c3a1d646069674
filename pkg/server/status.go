package server

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/names"
	"github.com/goldap/goldap/pkg/nslcd"
)

// serveFlush forgets everything that directories said.
func serveFlush(_ context.Context, x *exchange) error {
	x.backend.Flush()
	x.logger().Info("everything remembered was forgotten", "op", x.request.Action.String())
	if err := x.response.Flushed(); err != nil {
		return err
	}
	return x.end()
}

// serveStatus says how the daemon is. A fact that cannot be sent is left out.
func serveStatus(_ context.Context, x *exchange) error {
	facts := x.backend.Status()
	if x.backend.Throttle.Failures > 0 {
		facts = append(facts, x.server.throttleFacts()...)
	}
	for _, fact := range facts {
		if err := x.response.Status(fact); err != nil {
			x.logger().Debug("fact left out", "name", fact.Name, "error", err)
		}
	}
	return x.end()
}

// facts are about the directories and their servers, what lookups remember and what was refused.
func facts(directories []*directory.Directory, lookups *names.Names) []nslcd.Fact {
	var all []nslcd.Fact
	for i, d := range directories {
		servers := d.Status()
		all = append(all, nslcd.Fact{Name: "directory " + d.Name(), Value: directoryFact(servers, lookups.Condition(i))})
		for _, server := range servers {
			all = append(all, nslcd.Fact{Name: "server " + server.URI, Value: serverFact(server)})
		}
	}
	all = append(all, memoryFacts(lookups.Stats())...)
	refusals := lookups.Refusals()
	for _, reason := range slices.Sorted(maps.Keys(refusals)) {
		all = append(all, nslcd.Fact{Name: "refused " + string(reason), Value: strconv.FormatUint(refusals[reason], 10)})
	}
	return all
}

// directoryFact says whether a directory is passed over, and why.
func directoryFact(servers []directory.ServerStatus, lookups names.Condition) string {
	up := func(s directory.ServerStatus) bool { return s.Up }
	switch {
	case len(servers) > 0 && !slices.ContainsFunc(servers, up):
		return "away: no server answers"
	case lookups == names.Away:
		return "away: no answer in time"
	case lookups == names.Refuses:
		return "refuses to answer"
	case lookups == names.NotAsked && !slices.ContainsFunc(servers, func(s directory.ServerStatus) bool { return s.Latency > 0 }):
		return "not asked yet"
	}
	return "up"
}

func serverFact(s directory.ServerStatus) string {
	switch {
	case !s.Up:
		return fmt.Sprintf("down, tried again at %s: %s", s.RetryAt.Format(time.TimeOnly), s.LastError)
	case s.Latency == 0:
		return "not asked yet"
	}
	return fmt.Sprintf("up, answered in %v", s.Latency.Round(10*time.Microsecond))
}

func memoryFacts(s names.Stats) []nslcd.Fact {
	flushed := "never"
	if !s.Flushed.IsZero() {
		flushed = s.Flushed.Format(time.DateTime)
	}
	return []nslcd.Fact{
		{Name: "entries", Value: fmt.Sprintf("%d of %d", s.Entries, s.Limit)},
		{Name: "absences", Value: strconv.Itoa(s.Absences)},
		{Name: "hits", Value: strconv.FormatUint(s.Hits, 10)},
		{Name: "stale hits", Value: strconv.FormatUint(s.Stale, 10)},
		{Name: "misses", Value: strconv.FormatUint(s.Misses, 10)},
		{Name: "refreshes", Value: strconv.FormatUint(s.Refreshes, 10)},
		{Name: "evictions", Value: strconv.FormatUint(s.Evictions, 10)},
		{Name: "flushed", Value: flushed},
	}
}
