package server

import (
	"runtime"
	"runtime/debug"
	"time"

	"github.com/goldap/goldap/pkg/config"
)

// Status is how the daemon is. goldapctl status prints it, GET /v1/status of the
// admin API answers it as JSON, and the metrics are made of it. Times are those
// of RFC 3339, durations are in seconds; what never happened is left out. What is
// counted is counted since the start, or where it belongs to a configuration
// (directories, caches, refusals) since that was read.
type Status struct {
	// Version is that of the program, Revision the commit that it was built
	// from if that is known, Go the compiler.
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Go       string `json:"go"`
	// Started is when the daemon started.
	Started       time.Time           `json:"started"`
	Configuration ConfigurationStatus `json:"configuration"`
	// Directories are in the order in which they are asked.
	Directories []DirectoryStatus `json:"directories"`
	Caches      CachesStatus      `json:"caches"`
	// Refusals is how often something in a directory was not believed, by reason;
	// all reasons are there.
	Refusals    map[string]uint64 `json:"refusals"`
	Throttle    ThrottleStatus    `json:"throttle"`
	Connections ConnectionsStatus `json:"connections"`
}

// ConfigurationStatus is which configuration is in force.
type ConfigurationStatus struct {
	// Path is its file, Files are all that were read for it.
	Path  string   `json:"path"`
	Files []string `json:"files"`
	// Generation is 1 at the start and grows with every configuration that
	// takes the place of another.
	Generation uint64 `json:"generation"`
	// Read is when it was read.
	Read time.Time `json:"read,omitzero"`
	// Warnings are the problems in it that do not stop goldap.
	Warnings []string `json:"warnings"`
	// FailedReload is the last attempt to read it again, if that failed and
	// this one is in force for that reason.
	FailedReload *FailedReload `json:"failed_reload,omitempty"`
}

// FailedReload is an attempt to read the configuration again.
type FailedReload struct {
	At    time.Time `json:"at"`
	Error string    `json:"error"`
}

// The states of a directory.
const (
	// DirectoryUp: it answers.
	DirectoryUp = "up"
	// DirectoryAway: it does not, and is passed over.
	DirectoryAway = "away"
	// DirectoryRefuses: it answers that it does not answer.
	DirectoryRefuses = "refuses"
	// DirectoryNotAsked: nobody knows yet.
	DirectoryNotAsked = "not asked"
)

// DirectoryStatus is how a directory is.
type DirectoryStatus struct {
	Name string `json:"name"`
	// State is up, away, refuses or not asked; Reason is why it is away.
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"`
	// Outages is how often none of its servers answered, UnavailableSeconds for
	// how long in all, and UnavailableSince when that began if it lasts.
	Outages            uint64    `json:"outages"`
	UnavailableSeconds float64   `json:"unavailable_seconds"`
	UnavailableSince   time.Time `json:"unavailable_since,omitzero"`
	// MemberNames is how many DNs of members are remembered, with the names
	// behind them.
	MemberNames int `json:"member_names"`
	// Servers are in the order in which they are asked.
	Servers []ServerStatus `json:"servers"`
}

// ServerStatus is how a server of a directory is.
type ServerStatus struct {
	URI string `json:"uri"`
	// WritesOnly: it is asked for changes only (write_uris).
	WritesOnly bool `json:"writes_only,omitempty"`
	// Up: the last attempt was answered, or none was made yet. Asked: one was.
	Up    bool `json:"up"`
	Asked bool `json:"asked"`
	// Error is why it is down, RetryAt when it is tried again.
	Error   string    `json:"error,omitempty"`
	RetryAt time.Time `json:"retry_at,omitzero"`
	// LatencySeconds is how long the last answer took, with connecting if it
	// had to.
	LatencySeconds float64 `json:"latency_seconds"`
	// Operations is how many requests were answered, OperationSeconds how long
	// they took together.
	Operations       uint64         `json:"operations"`
	OperationSeconds float64        `json:"operation_seconds"`
	Failures         FailuresStatus `json:"failures"`
	// LastError is the last thing that went wrong, whether the server is up
	// again or not.
	LastError   string    `json:"last_error,omitempty"`
	LastErrorAt time.Time `json:"last_error_at,omitzero"`
	// CertificateExpires is when the certificate ends that it showed last,
	// ChainExpires when the first of those ends that vouch for it.
	CertificateExpires time.Time               `json:"certificate_expires,omitzero"`
	ChainExpires       time.Time               `json:"chain_expires,omitzero"`
	SearchConnections  SearchConnectionsStatus `json:"search_connections"`
	BindConnections    BindConnectionsStatus   `json:"bind_connections"`
}

// FailuresStatus is how often something went wrong with a server, by what was
// being done: connecting, TLS, the bind as the bind DN, or waiting for the answer
// on an open connection.
type FailuresStatus struct {
	Connect uint64 `json:"connect"`
	TLS     uint64 `json:"tls"`
	Bind    uint64 `json:"bind"`
	Answer  uint64 `json:"answer"`
}

// SearchConnectionsStatus are the connections that are bound as the bind DN, and
// the searches that are under way on them.
type SearchConnectionsStatus struct {
	Open     int `json:"open"`
	InFlight int `json:"in_flight"`
}

// BindConnectionsStatus are the connections that carry logins: those that do
// now, and those that are kept for the next ones.
type BindConnectionsStatus struct {
	Open int `json:"open"`
	Busy int `json:"busy"`
	Kept int `json:"kept"`
}

// CachesStatus is what is remembered.
type CachesStatus struct {
	Lookups LookupCacheStatus `json:"lookups"`
	Logins  LoginCacheStatus  `json:"logins"`
}

// LookupCacheStatus is what is remembered for lookups.
type LookupCacheStatus struct {
	// Entries are remembered now, at most Limit. Absences among them say that
	// there is no such entry.
	Entries  int `json:"entries"`
	Limit    int `json:"limit"`
	Absences int `json:"absences"`
	// Hits were answered from memory, StaleHits among them those whose
	// directory was away for longer than entries are kept. Misses were asked of
	// a directory.
	Hits      uint64 `json:"hits"`
	StaleHits uint64 `json:"stale_hits"`
	Misses    uint64 `json:"misses"`
	// Refreshes were searched for again before they were too old, Evictions
	// made room for others.
	Refreshes uint64 `json:"refreshes"`
	Evictions uint64 `json:"evictions"`
	// Flushed is when everything was last forgotten.
	Flushed time.Time        `json:"flushed,omitzero"`
	Maps    []MapCacheStatus `json:"maps"`
}

// MapCacheStatus is what is remembered of one map, which has its name from
// nsswitch.conf(5). OldestSeconds is how long ago a directory confirmed what it
// confirmed least recently.
type MapCacheStatus struct {
	Map           string  `json:"map"`
	Entries       int     `json:"entries"`
	Absences      int     `json:"absences"`
	Hits          uint64  `json:"hits"`
	Misses        uint64  `json:"misses"`
	OldestSeconds float64 `json:"oldest_seconds"`
}

// LoginCacheStatus is what is remembered of accounts for logins (login.cache_ttl).
type LoginCacheStatus struct {
	Entries int    `json:"entries"`
	Limit   int    `json:"limit"`
	Hits    uint64 `json:"hits"`
	Misses  uint64 `json:"misses"`
}

// ThrottleStatus is how failed logins are slowed down (login.throttle). Keys are
// the users and places with failures that are remembered, Waiting the logins that
// wait for their turn, Refused those whose turn would have come too late.
type ThrottleStatus struct {
	Enabled bool   `json:"enabled"`
	Keys    int    `json:"keys"`
	Waiting int    `json:"waiting"`
	Refused uint64 `json:"refused"`
}

// ConnectionsStatus are the connections to the daemon's sockets: those that are
// open, those that were let in so far, and those that were one too many.
type ConnectionsStatus struct {
	Open       int    `json:"open"`
	Served     uint64 `json:"served"`
	TurnedAway uint64 `json:"turned_away"`
}

// Source is where a configuration is from.
type Source struct {
	// Path is the file, Files are all that were read.
	Path     string
	Files    []string
	Read     time.Time
	Warnings []string
}

// newSource describes a configuration that was read now.
func newSource(cfg *config.Config) Source {
	s := Source{Files: cfg.Files, Read: time.Now()}
	if len(cfg.Files) > 0 {
		s.Path = cfg.Files[0]
	}
	for _, warning := range cfg.Warnings {
		s.Warnings = append(s.Warnings, warning.String())
	}
	return s
}

// Status returns how the daemon is.
func (s *Server) Status() Status {
	status := Status{
		Version: "unknown", Go: runtime.Version(), Started: s.started,
		Configuration: ConfigurationStatus{FailedReload: s.failedReload.Load()},
		Connections:   ConnectionsStatus{Open: s.doors.open(), Served: s.served.Load(), TurnedAway: s.turnedAway.Load()},
	}
	status.readBuild()
	status.Throttle.Keys, status.Throttle.Waiting, status.Throttle.Refused = s.attempts.Facts()
	if present := s.backends.acquire(); present != nil {
		defer s.backends.release(present)
		status.readBackend(present)
	}
	return status.withoutNulls()
}

func (s *Status) readBuild() {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return
	}
	s.Version = info.Main.Version
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			s.Revision = setting.Value
		}
	}
}

func (s *Status) readBackend(b *generation) {
	s.Configuration.Path, s.Configuration.Files = b.Source.Path, b.Source.Files
	s.Configuration.Read, s.Configuration.Warnings = b.Source.Read, b.Source.Warnings
	s.Configuration.Generation = b.number
	s.Throttle.Enabled = b.Throttle.Failures > 0
	if b.Backend.Status != nil {
		b.Backend.Status(s)
	}
}

// withoutNulls has empty lists where there is nothing.
func (s Status) withoutNulls() Status {
	s.Configuration.Files = append([]string{}, s.Configuration.Files...)
	s.Configuration.Warnings = append([]string{}, s.Configuration.Warnings...)
	if s.Directories == nil {
		s.Directories = []DirectoryStatus{}
	}
	if s.Caches.Lookups.Maps == nil {
		s.Caches.Lookups.Maps = []MapCacheStatus{}
	}
	if s.Refusals == nil {
		s.Refusals = map[string]uint64{}
	}
	return s
}

// ReloadFailed notes that the configuration could not be read again, so that the
// present one stays.
func (s *Server) ReloadFailed(err error) {
	s.failedReload.Store(&FailedReload{At: time.Now(), Error: err.Error()})
}
