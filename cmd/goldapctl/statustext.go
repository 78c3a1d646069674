package main

import (
	"fmt"
	"io"
	stdmaps "maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/goldap/goldap/pkg/server"
)

// statusText prints how goldapd is for people, as it is at the time now.
type statusText struct {
	io.Writer
	now time.Time
}

func (w statusText) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

// columns prints rows under each other. The first is the head.
func (w statusText) columns(indent string, rows [][]string) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for len(row) > 1 && row[len(row)-1] == "" {
			row = row[:len(row)-1]
		}
		fmt.Fprintln(table, indent+strings.Join(row, "\t"))
	}
	_ = table.Flush()
}

func (w statusText) status(s server.Status) {
	w.line("goldapd %s, up for %s, since %s", visible(s.Version), long(w.now.Sub(s.Started)), w.moment(s.Started))
	w.configuration(s.Configuration)
	for _, d := range s.Directories {
		w.line("")
		w.directory(d)
	}
	w.line("")
	w.memory(s.Caches)
	w.line("refused: %s", counts(s.Refusals))
	if s.Throttle.Enabled {
		w.line("throttling: %s with failures, %s, %d refused", number(s.Throttle.Keys, "user or place", "users and places"),
			number(s.Throttle.Waiting, "login waits", "logins wait"), s.Throttle.Refused)
	}
	w.line("connections: %d open, %d served, %d turned away", s.Connections.Open, s.Connections.Served, s.Connections.TurnedAway)
}

func (w statusText) configuration(c server.ConfigurationStatus) {
	w.line("configuration: %s, generation %d, read %s", visible(c.Path), c.Generation, w.moment(c.Read))
	if c.FailedReload != nil {
		w.line("  NOT read again at %s; what is in force is as it was:", w.moment(c.FailedReload.At))
		for problem := range strings.Lines(c.FailedReload.Error) {
			w.line("    %s", visible(strings.TrimRight(problem, "\n")))
		}
	}
	for _, warning := range c.Warnings {
		w.line("  warning: %s", visible(warning))
	}
}

func (w statusText) directory(d server.DirectoryStatus) {
	w.line("directory %s: %s%s", visible(d.Name), condition(d), w.outages(d))
	rows := [][]string{{"SERVER", "STATE", "LATENCY", "ANSWERED", "AVERAGE", "FAILED", "SEARCHING", "LOGINS", "CERTIFICATE"}}
	for _, s := range d.Servers {
		rows = append(rows, w.server(s))
	}
	if len(rows) == 1 {
		w.line("  no server is known yet: DNS was not asked")
		return
	}
	w.columns("  ", rows)
	for _, s := range d.Servers {
		w.troubles(s)
	}
}

// condition says whether a directory is passed over, and why.
func condition(d server.DirectoryStatus) string {
	switch {
	case d.Reason != "":
		return d.State + ": " + d.Reason
	case d.State == server.DirectoryRefuses:
		return "refuses to answer"
	case d.State == server.DirectoryNotAsked:
		return "not asked yet"
	}
	return d.State
}

func (w statusText) outages(d server.DirectoryStatus) string {
	if d.Outages == 0 {
		return ""
	}
	text := fmt.Sprintf("; unavailable for %s in %s", long(inSeconds(d.UnavailableSeconds)), number(int(d.Outages), "outage", "outages"))
	if !d.UnavailableSince.IsZero() {
		text += ", the last since " + w.moment(d.UnavailableSince)
	}
	return text
}

func (w statusText) server(s server.ServerStatus) []string {
	uri := visible(s.URI)
	if s.WritesOnly {
		uri += " (changes only)"
	}
	state, failed := "up", s.Failures.Connect+s.Failures.TLS+s.Failures.Bind+s.Failures.Answer
	switch {
	case !s.Up:
		state = "down"
	case !s.Asked:
		return []string{uri, "not asked yet"}
	}
	row := []string{
		uri, state, short(s.LatencySeconds), strconv.FormatUint(s.Operations, 10), average(s), strconv.FormatUint(failed, 10),
		fmt.Sprintf("%d on %d", s.SearchConnections.InFlight, s.SearchConnections.Open),
		fmt.Sprintf("%d on %d", s.BindConnections.Busy, s.BindConnections.Open), w.certificate(s),
	}
	return row
}

func average(s server.ServerStatus) string {
	if s.Operations == 0 {
		return "-"
	}
	return short(s.OperationSeconds / float64(s.Operations))
}

// certificate says when the first one ends that is relied on.
func (w statusText) certificate(s server.ServerStatus) string {
	end, whose := s.CertificateExpires, ""
	if !s.ChainExpires.IsZero() && s.ChainExpires.Before(end) {
		end, whose = s.ChainExpires, " (its authority's)"
	}
	switch left := end.Sub(w.now); {
	case end.IsZero():
		return "none"
	case left < 0:
		return "OVER since " + w.day(end) + whose
	default:
		return number(int(left.Hours()/24), "day", "days") + " left, until " + w.day(end) + whose
	}
}

// troubles says what went wrong with a server.
func (w statusText) troubles(s server.ServerStatus) {
	if !s.Up {
		w.line("  %s is down: %s", visible(s.URI), visible(s.Error))
		w.line("    tried again at %s", s.RetryAt.Format(time.TimeOnly))
	}
	if s.LastError == "" {
		return
	}
	if s.Up {
		w.line("  %s, last error at %s: %s", visible(s.URI), w.moment(s.LastErrorAt), visible(s.LastError))
	}
	f := s.Failures
	w.line("    failed so far: %d to connect, %d in TLS, %d to bind, %d to answer", f.Connect, f.TLS, f.Bind, f.Answer)
}

func (w statusText) memory(c server.CachesStatus) {
	l := c.Lookups
	w.line("lookups: %d of %d entries remembered, %s", l.Entries, l.Limit, ratio(l.Hits, l.Misses))
	w.line("  stale hits: %d, refreshes: %d, evictions: %d, flushed: %s", l.StaleHits, l.Refreshes, l.Evictions, w.momentOrNever(l.Flushed))
	w.line("logins: %s remembered, %s", number(c.Logins.Entries, "account", "accounts"), ratio(c.Logins.Hits, c.Logins.Misses))
}

// caches prints what is remembered, map by map.
func (w statusText) caches(c server.CachesStatus) {
	rows := [][]string{{"MAP", "ENTRIES", "ABSENT", "HITS", "MISSES", "RATIO", "OLDEST"}}
	for _, m := range c.Lookups.Maps {
		if m.Entries == 0 && m.Hits == 0 && m.Misses == 0 {
			continue
		}
		rows = append(rows, []string{
			m.Map, strconv.Itoa(m.Entries), strconv.Itoa(m.Absences), strconv.FormatUint(m.Hits, 10), strconv.FormatUint(m.Misses, 10),
			percent(m.Hits, m.Misses), age(m),
		})
	}
	l := c.Lookups
	rows = append(rows, []string{
		"all", strconv.Itoa(l.Entries), strconv.Itoa(l.Absences), strconv.FormatUint(l.Hits, 10), strconv.FormatUint(l.Misses, 10),
		percent(l.Hits, l.Misses), "",
	})
	w.columns("", rows)
	w.line("")
	w.memory(c)
}

func age(m server.MapCacheStatus) string {
	if m.Entries == 0 {
		return "-"
	}
	return long(inSeconds(m.OldestSeconds))
}

func ratio(hits, misses uint64) string {
	if hits+misses == 0 {
		return "nothing was asked yet"
	}
	return fmt.Sprintf("%s of %d from memory", percent(hits, misses), hits+misses)
}

// percent rounds down: 100 % is only what never missed.
func percent(hits, misses uint64) string {
	if hits+misses == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", math.Floor(1000*float64(hits)/float64(hits+misses))/10)
}

// counts are what was refused, by reason.
func counts(refused map[string]uint64) string {
	var all []string
	for _, reason := range slices.Sorted(stdmaps.Keys(refused)) {
		if count := refused[reason]; count > 0 {
			all = append(all, fmt.Sprintf("%s %d", visible(reason), count))
		}
	}
	if len(all) == 0 {
		return "nothing"
	}
	return strings.Join(all, ", ")
}

func number(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

func inSeconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// short is the time that one request takes.
func short(seconds float64) string {
	return strconv.FormatFloat(seconds*1000, 'f', 1, 64) + " ms"
}

// long is a time in its two largest units.
func long(d time.Duration) string {
	d = max(d, 0)
	days, hours, minutes, seconds := int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case days > 0:
		return fmt.Sprintf("%d d %d h", days, hours)
	case hours > 0:
		return fmt.Sprintf("%d h %d min", hours, minutes)
	case minutes > 0:
		return fmt.Sprintf("%d min %d s", minutes, seconds)
	}
	return fmt.Sprintf("%d s", seconds)
}

// moment is in this machine's time zone, as now and the log are.
func (w statusText) moment(t time.Time) string {
	return t.In(w.now.Location()).Format(time.DateTime)
}

func (w statusText) momentOrNever(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return w.moment(t)
}

func (w statusText) day(t time.Time) string { return t.In(w.now.Location()).Format(time.DateOnly) }
