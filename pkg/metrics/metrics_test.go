package metrics_test

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/goldap/goldap/pkg/metrics"
	"github.com/goldap/goldap/pkg/server"
)

// source is a status that a test made up.
type source func() server.Status

func (s source) Status() server.Status { return s() }

// full is a status in which no two numbers are the same.
func full() server.Status {
	at := func(second int64) time.Time { return time.Unix(second, 500_000_000) }
	return server.Status{
		Version: "v1.2.3", Revision: "abc", Go: "go1.99", Started: at(1001),
		Configuration: server.ConfigurationStatus{Generation: 2, Read: at(1003), Warnings: []string{"one", "two", "three", "four"}},
		Directories: []server.DirectoryStatus{{
			Name: "main", State: server.DirectoryAway, Outages: 5, UnavailableSeconds: 6.5, UnavailableSince: at(1007), MemberNames: 8,
			Servers: []server.ServerStatus{{
				URI: "ldap://one", Up: true, Asked: true, LatencySeconds: 0.25, Operations: 9, OperationSeconds: 10.5,
				Failures:    server.FailuresStatus{Connect: 11, TLS: 12, Bind: 13, Answer: 14},
				LastErrorAt: at(1015), CertificateExpires: at(1016), ChainExpires: at(1017),
				SearchConnections: server.SearchConnectionsStatus{Open: 18, InFlight: 19},
				BindConnections:   server.BindConnectionsStatus{Open: 41, Busy: 20, Kept: 21},
			}, {URI: "ldap://two"}},
		}},
		Caches: server.CachesStatus{
			Lookups: server.LookupCacheStatus{
				Entries: 22, Limit: 23, StaleHits: 24, Refreshes: 25, Evictions: 26,
				Maps: []server.MapCacheStatus{{Map: "passwd", Entries: 27, Absences: 28, Hits: 29, Misses: 30, OldestSeconds: 31.5}},
			},
			Logins: server.LoginCacheStatus{Entries: 32, Hits: 33, Misses: 34},
		},
		Refusals:    map[string]uint64{"local": 35},
		Throttle:    server.ThrottleStatus{Keys: 36, Waiting: 37, Refused: 38},
		Connections: server.ConnectionsStatus{Open: 39, Served: 40, TurnedAway: 42},
	}
}

// scrape returns what Prometheus would read, without what is about the process.
func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// series are the lines about goldap, sorted.
func series(t *testing.T, m *metrics.Metrics) (lines []string) {
	t.Helper()
	for line := range strings.Lines(scrape(t, m)) {
		if strings.HasPrefix(line, "goldap_") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	slices.Sort(lines)
	return lines
}

// Every figure of the status is there, each as what it is.
func TestEveryFigure(t *testing.T) {
	got := series(t, metrics.New(source(full)))
	for _, want := range []string{
		`goldap_build_info{goversion="go1.99",revision="abc",version="v1.2.3"} 1`,
		`goldap_start_time_seconds 1001.5`,
		`goldap_config_generation 2`,
		`goldap_config_last_reload_successful 1`,
		`goldap_config_last_reload_success_timestamp_seconds 1003.5`,
		`goldap_config_warnings 4`,
		`goldap_directory_up{directory="main"} 0`,
		`goldap_directory_outages_total{directory="main"} 5`,
		`goldap_directory_unavailable_seconds_total{directory="main"} 6.5`,
		`goldap_directory_member_names{directory="main"} 8`,
		`goldap_server_up{directory="main",server="ldap://one"} 1`,
		`goldap_server_up{directory="main",server="ldap://two"} 0`,
		`goldap_server_latency_seconds{directory="main",server="ldap://one"} 0.25`,
		`goldap_server_request_duration_seconds_count{directory="main",server="ldap://one"} 9`,
		`goldap_server_request_duration_seconds_sum{directory="main",server="ldap://one"} 10.5`,
		`goldap_server_failures_total{directory="main",server="ldap://one",step="connect"} 11`,
		`goldap_server_failures_total{directory="main",server="ldap://one",step="tls"} 12`,
		`goldap_server_failures_total{directory="main",server="ldap://one",step="bind"} 13`,
		`goldap_server_failures_total{directory="main",server="ldap://one",step="answer"} 14`,
		`goldap_server_last_failure_timestamp_seconds{directory="main",server="ldap://one"} 1015.5`,
		`goldap_server_certificate_expiry_timestamp_seconds{directory="main",server="ldap://one"} 1016.5`,
		`goldap_server_chain_expiry_timestamp_seconds{directory="main",server="ldap://one"} 1017.5`,
		`goldap_server_search_connections{directory="main",server="ldap://one"} 18`,
		`goldap_server_searches_in_flight{directory="main",server="ldap://one"} 19`,
		`goldap_server_bind_connections{directory="main",server="ldap://one",state="busy"} 20`,
		`goldap_server_bind_connections{directory="main",server="ldap://one",state="kept"} 21`,
		`goldap_lookup_cache_limit_entries 23`,
		`goldap_lookup_cache_stale_hits_total 24`,
		`goldap_lookup_cache_refreshes_total 25`,
		`goldap_lookup_cache_evictions_total 26`,
		`goldap_lookup_cache_entries{map="passwd"} 27`,
		`goldap_lookup_cache_absences{map="passwd"} 28`,
		`goldap_lookup_cache_hits_total{map="passwd"} 29`,
		`goldap_lookup_cache_misses_total{map="passwd"} 30`,
		`goldap_lookup_cache_oldest_entry_age_seconds{map="passwd"} 31.5`,
		`goldap_login_cache_entries 32`,
		`goldap_login_cache_hits_total 33`,
		`goldap_login_cache_misses_total 34`,
		`goldap_refusals_total{reason="local"} 35`,
		`goldap_throttle_keys 36`,
		`goldap_throttle_waiting_logins 37`,
		`goldap_throttle_refused_logins_total 38`,
		`goldap_connections 39`,
		`goldap_connections_served_total 40`,
		`goldap_connections_turned_away_total 42`,
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing", want)
		}
	}
	for _, never := range []string{`latency_seconds{directory="main",server="ldap://two"}`, `expiry_timestamp_seconds{directory="main",server="ldap://two"}`} {
		if strings.Contains(strings.Join(got, "\n"), never) {
			t.Errorf("%s of a server that was never asked", never)
		}
	}
}

func TestFailedReload(t *testing.T) {
	s := full()
	s.Configuration.FailedReload = &server.FailedReload{At: time.Unix(2000, 0), Error: "line 3"}
	if got := series(t, metrics.New(source(func() server.Status { return s }))); !slices.Contains(got, "goldap_config_last_reload_successful 0") {
		t.Errorf("%v", got)
	}
}

// The names follow the rules of Prometheus.
func TestNames(t *testing.T) {
	m := metrics.New(source(full))
	m.Login(server.Observation{Operation: "login", Service: "sshd", Outcome: "success", Took: time.Millisecond, Waited: time.Second})
	var ours bytes.Buffer
	for line := range strings.Lines(scrape(t, m)) {
		if strings.Contains(line, "goldap_") {
			ours.WriteString(line)
		}
	}
	problems, err := promlint.New(&ours).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

func TestLogins(t *testing.T) {
	m := metrics.New(source(full))
	for range 3 {
		m.Login(server.Observation{Operation: "login", Service: "sshd", Outcome: "success", FromRoot: true, Took: 3 * time.Millisecond})
	}
	m.Login(server.Observation{Operation: "login", Service: "su", Outcome: "bad-credentials", Took: 20 * time.Second, Waited: 1500 * time.Millisecond})
	m.Login(server.Observation{Operation: "authorize", Outcome: "success", Took: time.Second})
	got := series(t, m)
	for _, want := range []string{
		`goldap_logins_total{operation="login",outcome="success",service="sshd"} 3`,
		`goldap_logins_total{operation="login",outcome="bad-credentials",service="su"} 1`,
		`goldap_logins_total{operation="authorize",outcome="success",service="none"} 1`,
		`goldap_login_duration_seconds_bucket{operation="login",le="0.0025"} 0`,
		`goldap_login_duration_seconds_bucket{operation="login",le="0.005"} 3`,
		`goldap_login_duration_seconds_bucket{operation="login",le="10"} 3`,
		`goldap_login_duration_seconds_bucket{operation="login",le="+Inf"} 4`,
		`goldap_login_duration_seconds_count{operation="authorize"} 1`,
		`goldap_throttle_waited_seconds_total 1.5`,
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing of %s", want, strings.Join(got, "\n"))
		}
	}
}

// Callers choose the name of the service: there are not more than fifty, and
// those that are not root's take ten of them at most.
func TestServicesAreBounded(t *testing.T) {
	m := metrics.New(source(full))
	count := func() int {
		found := regexp.MustCompile(`logins_total{[^}]*service="([^"]*)"`).FindAllStringSubmatch(scrape(t, m), -1)
		return len(found)
	}
	login := func(service string, fromRoot bool) {
		m.Login(server.Observation{Operation: "login", Service: service, Outcome: "success", FromRoot: fromRoot})
	}
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 1000 {
				login(fmt.Sprint("invented-", worker, "-", i), false)
			}
		})
	}
	all.Wait()
	if n := count(); n != 11 { // and "other"
		t.Errorf("%d names that callers made up", n)
	}
	for i := range 100 {
		login(fmt.Sprint("service-", i), true)
	}
	login("service-0", false)
	if n := count(); n != 51 {
		t.Errorf("%d names", n)
	}
	got := series(t, m)
	if !slices.Contains(got, `goldap_logins_total{operation="login",outcome="success",service="service-0"} 2`) {
		t.Error("a service of root's has no name of its own")
	}
	others := 8000 - 10 + 100 - 40
	if want := `goldap_logins_total{operation="login",outcome="success",service="other"} ` + strconv.Itoa(others); !slices.Contains(got, want) {
		t.Errorf("%s is missing", want)
	}
}

// What callers and directories write cannot spoil a scrape.
func TestHostileTexts(t *testing.T) {
	s := full()
	s.Version = "\xff"
	s.Directories[0].Name = "\xff\"\n"
	s.Directories[0].Servers[1].URI = s.Directories[0].Servers[0].URI
	s.Directories = append(s.Directories, s.Directories[0])
	s.Refusals = map[string]uint64{"\xfe": 1}
	m := metrics.New(source(func() server.Status { return s }))
	for _, service := range []string{"\xff\xfe", strings.Repeat("x", 65), "a\"b\nc", "\x00"} {
		m.Login(server.Observation{Operation: "login\xff", Service: service, Outcome: "success\xff", FromRoot: true})
	}
	text := scrape(t, m)
	for _, want := range []string{
		`service="other"} 2`, `service="a\"b\nc"} 1`, "goldap_connections 39", `server="ldap://one#2"`, `\"\n#2"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing of %s", want, text)
		}
	}
	if _, err := promlint.New(strings.NewReader(text)).Lint(); err != nil {
		t.Error(err)
	}
}

func TestProcess(t *testing.T) {
	text := scrape(t, metrics.New(source(full)))
	for _, want := range []string{"go_goroutines", "process_open_fds", "process_resident_memory_bytes"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing", want)
		}
	}
}
