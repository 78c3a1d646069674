package metrics

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/goldap/goldap/pkg/server"
)

// described are all that a collector sends.
var described []*prometheus.Desc

// describe declares a metric. Labels that are about a server are its directory
// and its URI.
func describe(name, help string, labels ...string) *prometheus.Desc {
	desc := prometheus.NewDesc("goldap_"+name, help, labels, nil)
	described = append(described, desc)
	return desc
}

var (
	buildInfo = describe("build_info", "Constantly 1, with the version of goldapd.", "version", "revision", "goversion")
	startTime = describe("start_time_seconds", "When goldapd started, as Unix time.")

	generation    = describe("config_generation", "The number of the configuration in force; it grows with each that takes the place of another.")
	reloadGood    = describe("config_last_reload_successful", "1 if the last attempt to read the configuration succeeded, 0 if the old one stays in force.")
	readTime      = describe("config_last_reload_success_timestamp_seconds", "When the configuration in force was read, as Unix time.")
	configWarning = describe("config_warnings", "Problems in the configuration in force that do not stop goldap.")

	directoryUp  = describe("directory_up", "0 if the directory is passed over because it does not answer or refuses to, 1 otherwise.", "directory")
	unavailable  = describe("directory_unavailable_seconds_total", "How long no server of the directory answered.", "directory")
	outages      = describe("directory_outages_total", "How often no server of the directory answered.", "directory")
	memberNames  = describe("directory_member_names", "DNs of group members that are remembered with their user names.", "directory")
	serverUp     = describe("server_up", "0 if the server did not answer last and is passed over, 1 otherwise.", "directory", "server")
	latency      = describe("server_latency_seconds", "How long the last answer took, with connecting if that was necessary.", "directory", "server")
	requests     = describe("server_request_duration_seconds", "How long requests to the server took that were answered.", "directory", "server")
	failures     = describe("server_failures_total", "What went wrong with the server, by what was being done: connect, tls, bind or answer.", "directory", "server", "step")
	failureTime  = describe("server_last_failure_timestamp_seconds", "When something last went wrong with the server, as Unix time.", "directory", "server")
	certificate  = describe("server_certificate_expiry_timestamp_seconds", "When the certificate ends that the server showed last, as Unix time.", "directory", "server")
	chain        = describe("server_chain_expiry_timestamp_seconds", "When the first certificate ends of those that vouch for the server, as Unix time.", "directory", "server")
	searchConns  = describe("server_search_connections", "Open connections for searches.", "directory", "server")
	searches     = describe("server_searches_in_flight", "Searches that are under way.", "directory", "server")
	bindConns    = describe("server_bind_connections", "Open connections for logins, by state: busy with a login, or kept for the next.", "directory", "server", "state")
	cacheEntries = describe("lookup_cache_entries", "What is remembered for lookups, by map; that there is no such entry counts as well.", "map")
	absences     = describe("lookup_cache_absences", "How much of that says that there is no such entry.", "map")
	cacheLimit   = describe("lookup_cache_limit_entries", "How many entries may be remembered (lookups.cache_entries).")
	hits         = describe("lookup_cache_hits_total", "Lookups that were answered from memory.", "map")
	misses       = describe("lookup_cache_misses_total", "Lookups that were asked of a directory.", "map")
	staleHits    = describe("lookup_cache_stale_hits_total", "Lookups that were answered from memory with what was too old, since the directory was away.")
	refreshes    = describe("lookup_cache_refreshes_total", "Entries that were searched for again before they were too old.")
	evictions    = describe("lookup_cache_evictions_total", "Entries that made room for others.")
	oldest       = describe("lookup_cache_oldest_entry_age_seconds", "How long ago a directory confirmed what it confirmed least recently.", "map")
	loginEntries = describe("login_cache_entries", "Accounts that are remembered for logins (login.cache_ttl).")
	loginHits    = describe("login_cache_hits_total", "Accounts for logins that were answered from memory.")
	loginMisses  = describe("login_cache_misses_total", "Accounts for logins that were asked of a directory.")

	refusals        = describe("refusals_total", "What directories have and this machine does not believe, by reason.", "reason")
	throttleKeys    = describe("throttle_keys", "Users and places whose failed logins are remembered.")
	throttleWaiting = describe("throttle_waiting_logins", "Logins that wait for their turn after failed ones.")
	throttled       = describe("throttle_refused_logins_total", "Logins that were refused since their turn would have come too late.")
	connsOpen       = describe("connections", "Open connections to the sockets of goldapd.")
	connsServed     = describe("connections_served_total", "Connections that were let in.")
	connsTurnedAway = describe("connections_turned_away_total", "Connections that were closed because there were too many.")
)

// collector makes the metrics of a status at each scrape.
type collector struct{ source Source }

// Describe sends what Collect may send.
func (c collector) Describe(out chan<- *prometheus.Desc) {
	for _, desc := range described {
		out <- desc
	}
}

// Collect asks how the daemon is.
func (c collector) Collect(out chan<- prometheus.Metric) {
	s := c.source.Status()
	w := writer{out: out}
	w.gauge(buildInfo, 1, s.Version, s.Revision, s.Go)
	w.moment(startTime, s.Started)
	w.configuration(s.Configuration)
	seen := map[string]int{}
	for _, d := range s.Directories {
		w.directory(d, distinct(seen, d.Name))
	}
	w.lookups(s.Caches.Lookups)
	w.gauge(loginEntries, float64(s.Caches.Logins.Entries))
	w.counter(loginHits, s.Caches.Logins.Hits)
	w.counter(loginMisses, s.Caches.Logins.Misses)
	for reason, count := range s.Refusals {
		w.counter(refusals, count, reason)
	}
	w.gauge(throttleKeys, float64(s.Throttle.Keys))
	w.gauge(throttleWaiting, float64(s.Throttle.Waiting))
	w.counter(throttled, s.Throttle.Refused)
	w.gauge(connsOpen, float64(s.Connections.Open))
	w.counter(connsServed, s.Connections.Served)
	w.counter(connsTurnedAway, s.Connections.TurnedAway)
}

// distinct makes names differ that are the same: one series twice would spoil the
// scrape.
func distinct(seen map[string]int, name string) string {
	name = valid(name)
	seen[name]++
	if n := seen[name]; n > 1 {
		return name + "#" + strconv.Itoa(n)
	}
	return name
}

// writer sends metrics with the labels in the order of their descriptions.
type writer struct{ out chan<- prometheus.Metric }

func (w writer) send(desc *prometheus.Desc, kind prometheus.ValueType, value float64, labels []string) {
	for i := range labels {
		labels[i] = valid(labels[i])
	}
	w.out <- prometheus.MustNewConstMetric(desc, kind, value, labels...)
}

func (w writer) gauge(desc *prometheus.Desc, value float64, labels ...string) {
	w.send(desc, prometheus.GaugeValue, value, labels)
}

func (w writer) counter(desc *prometheus.Desc, value uint64, labels ...string) {
	w.send(desc, prometheus.CounterValue, float64(value), labels)
}

// moment leaves out what never happened.
func (w writer) moment(desc *prometheus.Desc, at time.Time, labels ...string) {
	if !at.IsZero() {
		w.gauge(desc, float64(at.UnixMilli())/1000, labels...)
	}
}

func (w writer) flag(desc *prometheus.Desc, on bool, labels ...string) {
	value := 0.0
	if on {
		value = 1
	}
	w.gauge(desc, value, labels...)
}

func (w writer) configuration(c server.ConfigurationStatus) {
	w.gauge(generation, float64(c.Generation))
	w.flag(reloadGood, c.FailedReload == nil)
	w.moment(readTime, c.Read)
	w.gauge(configWarning, float64(len(c.Warnings)))
}

func (w writer) directory(d server.DirectoryStatus, name string) {
	w.flag(directoryUp, d.State == server.DirectoryUp || d.State == server.DirectoryNotAsked, name)
	w.send(unavailable, prometheus.CounterValue, d.UnavailableSeconds, []string{name})
	w.counter(outages, d.Outages, name)
	w.gauge(memberNames, float64(d.MemberNames), name)
	seen := map[string]int{}
	for _, s := range d.Servers {
		w.server(s, name, distinct(seen, s.URI))
	}
}

func (w writer) server(s server.ServerStatus, directory, uri string) {
	w.flag(serverUp, s.Up, directory, uri)
	if s.Asked {
		w.gauge(latency, s.LatencySeconds, directory, uri)
	}
	w.out <- prometheus.MustNewConstSummary(requests, s.Operations, s.OperationSeconds, nil, directory, uri)
	w.counter(failures, s.Failures.Connect, directory, uri, "connect")
	w.counter(failures, s.Failures.TLS, directory, uri, "tls")
	w.counter(failures, s.Failures.Bind, directory, uri, "bind")
	w.counter(failures, s.Failures.Answer, directory, uri, "answer")
	w.moment(failureTime, s.LastErrorAt, directory, uri)
	w.moment(certificate, s.CertificateExpires, directory, uri)
	w.moment(chain, s.ChainExpires, directory, uri)
	w.gauge(searchConns, float64(s.SearchConnections.Open), directory, uri)
	w.gauge(searches, float64(s.SearchConnections.InFlight), directory, uri)
	w.gauge(bindConns, float64(s.BindConnections.Busy), directory, uri, "busy")
	w.gauge(bindConns, float64(s.BindConnections.Kept), directory, uri, "kept")
}

func (w writer) lookups(l server.LookupCacheStatus) {
	for _, m := range l.Maps {
		w.gauge(cacheEntries, float64(m.Entries), m.Map)
		w.gauge(absences, float64(m.Absences), m.Map)
		w.counter(hits, m.Hits, m.Map)
		w.counter(misses, m.Misses, m.Map)
		w.gauge(oldest, m.OldestSeconds, m.Map)
	}
	w.gauge(cacheLimit, float64(l.Limit))
	w.counter(staleHits, l.StaleHits)
	w.counter(refreshes, l.Refreshes)
	w.counter(evictions, l.Evictions)
}
