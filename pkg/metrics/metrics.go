// Package metrics makes Prometheus metrics of how the daemon is, and counts the
// logins.
//
//	m := metrics.New(source)                                  // has Status()
//	s := server.New(backend, server.Options{Observer: m})
//	mux.Handle("GET /metrics", m)
//
// docs/monitoring.md says what each metric means and what to alarm on; a test
// holds it against what is exposed here.
//
// Only goldapd links this package, and never the module that is loaded into other
// programs.
package metrics

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/goldap/goldap/pkg/server"
)

// Source says how the daemon is; *server.Server does.
type Source interface{ Status() server.Status }

// Metrics are those of one daemon. It is a server.Observer and the http.Handler of
// /metrics. Its methods may be called at the same time.
type Metrics struct {
	registry *prometheus.Registry
	handler  http.Handler
	services services
	logins   *prometheus.CounterVec
	took     *prometheus.HistogramVec
	waited   prometheus.Counter
}

// durations are the bounds of login_duration_seconds: a bind on a kept connection
// takes less than a millisecond, login.timeout is 10 s.
var durations = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

const (
	// scrapes is how many are answered at a time.
	scrapes = 4
	// scrapeTimeout is how long one may take.
	scrapeTimeout = 10 * time.Second
)

// New returns the metrics of source, which is asked at each scrape.
func New(source Source) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		logins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "goldap_logins_total", Help: "PAM requests that were decided, by operation, PAM service and outcome.",
		}, []string{"operation", "service", "outcome"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "goldap_login_duration_seconds", Buckets: durations,
			Help: "How long PAM requests took, without what throttled logins had to wait.",
		}, []string{"operation"}),
		waited: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "goldap_throttle_waited_seconds_total", Help: "How long throttled logins had to wait for their turn in all.",
		}),
	}
	m.registry.MustRegister(m.logins, m.took, m.waited, collector{source},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.handler = promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: scrapes, Timeout: scrapeTimeout,
	})
	return m
}

// ServeHTTP answers a scrape in the text format of Prometheus, or in another that
// was asked for.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.handler.ServeHTTP(w, r) }

// Login counts a PAM request.
func (m *Metrics) Login(o server.Observation) {
	m.logins.WithLabelValues(valid(o.Operation), m.services.label(o.Service, o.FromRoot), valid(o.Outcome)).Inc()
	m.took.WithLabelValues(valid(o.Operation)).Observe(o.Took.Seconds())
	if o.Waited > 0 {
		m.waited.Add(o.Waited.Seconds())
	}
}
