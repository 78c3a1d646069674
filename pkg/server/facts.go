package server

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

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
	for _, fact := range x.server.Status().facts() {
		if err := x.response.Status(fact); err != nil {
			x.logger().Debug("fact left out", "name", fact.Name, "error", err)
		}
	}
	return x.end()
}

// facts are what the answer to ActionStatus has of a status.
func (s Status) facts() []nslcd.Fact {
	all := s.Configuration.facts()
	for _, d := range s.Directories {
		all = append(all, d.facts()...)
	}
	all = append(all, s.Caches.facts()...)
	for _, reason := range slices.Sorted(maps.Keys(s.Refusals)) {
		if count := s.Refusals[reason]; count > 0 {
			all = append(all, nslcd.Fact{Name: "refused " + reason, Value: strconv.FormatUint(count, 10)})
		}
	}
	if s.Throttle.Enabled {
		all = append(all, s.Throttle.facts()...)
	}
	return append(all,
		nslcd.Fact{Name: "connections served", Value: strconv.FormatUint(s.Connections.Served, 10)},
		nslcd.Fact{Name: "connections turned away", Value: strconv.FormatUint(s.Connections.TurnedAway, 10)},
		nslcd.Fact{Name: "started", Value: s.Started.UTC().Format(time.RFC3339)},
		nslcd.Fact{Name: "version", Value: s.Version},
	)
}

func (c ConfigurationStatus) facts() []nslcd.Fact {
	all := []nslcd.Fact{
		{Name: "configuration", Value: c.Path},
		{Name: "configuration generation", Value: strconv.FormatUint(c.Generation, 10)},
		{Name: "configuration read", Value: c.Read.UTC().Format(time.RFC3339)},
	}
	if c.FailedReload != nil {
		all = append(all, nslcd.Fact{Name: "failed reload", Value: c.FailedReload.At.UTC().Format(time.RFC3339) + ": " + c.FailedReload.Error})
	}
	for _, warning := range c.Warnings {
		all = append(all, nslcd.Fact{Name: "warning", Value: warning})
	}
	return all
}

func (d DirectoryStatus) facts() []nslcd.Fact {
	all := []nslcd.Fact{{Name: "directory " + d.Name, Value: d.condition()}}
	for _, server := range d.Servers {
		all = append(all, nslcd.Fact{Name: "server " + server.URI, Value: server.condition()})
	}
	return all
}

// condition says whether a directory is passed over, and why.
func (d DirectoryStatus) condition() string {
	switch d.State {
	case DirectoryAway:
		return "away: " + d.Reason
	case DirectoryRefuses:
		return "refuses to answer"
	case DirectoryNotAsked:
		return "not asked yet"
	}
	return d.State
}

func (s ServerStatus) condition() string {
	switch {
	case !s.Up:
		return fmt.Sprintf("down, tried again at %s: %s", s.RetryAt.Format(time.TimeOnly), s.Error)
	case !s.Asked:
		return "not asked yet"
	}
	return fmt.Sprintf("up, answered in %v", seconds(s.LatencySeconds).Round(10*time.Microsecond))
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// moment is a time for people, in this machine's time zone.
func moment(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Format(time.DateTime)
}

func (c CachesStatus) facts() []nslcd.Fact {
	l := c.Lookups
	return []nslcd.Fact{
		{Name: "entries", Value: fmt.Sprintf("%d of %d", l.Entries, l.Limit)},
		{Name: "absences", Value: strconv.Itoa(l.Absences)},
		{Name: "hits", Value: strconv.FormatUint(l.Hits, 10)},
		{Name: "stale hits", Value: strconv.FormatUint(l.StaleHits, 10)},
		{Name: "misses", Value: strconv.FormatUint(l.Misses, 10)},
		{Name: "refreshes", Value: strconv.FormatUint(l.Refreshes, 10)},
		{Name: "evictions", Value: strconv.FormatUint(l.Evictions, 10)},
		{Name: "flushed", Value: moment(l.Flushed)},
	}
}

// facts say how many logins wait for their turn.
func (t ThrottleStatus) facts() []nslcd.Fact {
	return []nslcd.Fact{
		{Name: "throttle keys", Value: strconv.Itoa(t.Keys)},
		{Name: "throttle waiting", Value: strconv.Itoa(t.Waiting)},
		{Name: "throttle refused", Value: strconv.FormatUint(t.Refused, 10)},
	}
}
