package directory

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/goldap/goldap/pkg/config"
)

// A trial goes the way of a login or lookup once, on connections of its own,
// and writes down each step with its time, for people. Nothing is remembered,
// and what a server did before does not count.

// Report is what Verify found.
type Report struct {
	// Directory is what messages call the directory.
	Directory string `json:"directory"`
	// Error says why the configuration cannot be used. Then nothing was tried.
	Error string `json:"error,omitempty"`
	// Servers are in the order in which they are asked; those that only take
	// changes come last.
	Servers []ServerReport `json:"servers,omitempty"`
}

// ServerReport is what was tried at one server, up to the first step that
// failed.
type ServerReport struct {
	URI string `json:"uri"`
	// OK: every step succeeded.
	OK    bool        `json:"ok"`
	Steps []TrialStep `json:"steps,omitempty"`
}

// The steps of a trial at a server, in order.
const (
	StepDNS     = "dns"     // only if DNS was to name servers and did not
	StepConnect = "connect" // details: address
	StepTLS     = "tls"     // details: version, cipher, subject, names, issuer, expires, days left, verified
	StepBind    = "bind"    // details: identity
	StepBase    = "base"    // details: base, entry
	StepUsers   = "users"   // details: base, filter, found
)

// TrialStep is one step.
type TrialStep struct {
	Name string `json:"name"`
	// Details are what it was done with and what came of it, in order.
	Details []Detail `json:"details,omitempty"`
	Took    Took     `json:"microseconds"`
	// Error is why it failed, for people; empty if it did not.
	Error string `json:"error,omitempty"`
}

// Took is how long something took. In JSON it is a whole number of microseconds.
type Took time.Duration

// MarshalJSON returns microseconds.
func (t Took) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, time.Duration(t).Microseconds(), 10), nil
}

// UnmarshalJSON reads microseconds.
func (t *Took) UnmarshalJSON(data []byte) error {
	n, err := strconv.ParseInt(string(data), 10, 64)
	*t = Took(time.Duration(n) * time.Microsecond)
	return err
}

// String is as that of a time.Duration.
func (t Took) String() string { return time.Duration(t).String() }

// Detail is a name with a value, both for people. Values are of the directory's
// making: they may hold anything.
type Detail struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Detail returns the first value of a detail of the step, "" if there is none.
func (s TrialStep) Detail(name string) string {
	for _, d := range s.Details {
		if d.Name == name {
			return d.Value
		}
	}
	return ""
}

// Failed returns the step that failed, or nil.
func (r ServerReport) Failed() *TrialStep { return failedOf(r.Steps) }

// failedOf returns the first step that failed, or nil.
func failedOf(steps []TrialStep) *TrialStep {
	for i := range steps {
		if steps[i].Error != "" {
			return &steps[i]
		}
	}
	return nil
}

// steps are those that were taken, and when the one under way began.
type steps struct {
	taken []TrialStep
	began time.Time
}

// step ends the step that is under way.
func (s *steps) step(name string, err error, details ...Detail) {
	one := TrialStep{Name: name, Details: details, Took: Took(time.Since(s.began))}
	if err != nil {
		one.Error = err.Error()
	}
	s.taken = append(s.taken, one)
	s.began = time.Now()
}

// Usable reports whether at least one server took every step, so that goldap
// can work with the directory.
func (r Report) Usable() bool {
	for _, s := range r.Servers {
		if s.OK {
			return true
		}
	}
	return false
}

// Complete reports whether every server did.
func (r Report) Complete() bool {
	for _, s := range r.Servers {
		if !s.OK {
			return false
		}
	}
	return len(r.Servers) > 0
}

// Verify tries every server of a directory: connect, secure the connection,
// bind as the pseudouser, read the base and search for users. cfg is a directory
// of a configuration that was loaded, or one that has the same defaults. Servers
// are tried at the same time, each within its connect timeout and search timeout.
func Verify(ctx context.Context, cfg config.Directory) Report {
	d, err := New(cfg, Options{SingleUse: true})
	if err != nil {
		return Report{Directory: cfg.Name, Error: err.Error()}
	}
	defer d.Close()
	return Report{Directory: d.cfg.Name, Servers: reportsOf(d.tryServers(ctx))}
}

// tryServers tries every server.
func (d *Directory) tryServers(ctx context.Context) []*serverTrial {
	var trials []*serverTrial
	for _, src := range append(d.sources[:len(d.sources):len(d.sources)], d.writeOnly...) {
		trials = append(trials, src.trials(ctx)...)
	}
	var all errgroup.Group
	all.SetLimit(parallelBatches)
	for _, t := range trials {
		all.Go(func() error {
			if panicked := guarded(func() { t.run(ctx, d) }); panicked != nil {
				t.step("panic", panicked)
			}
			return nil
		})
	}
	_ = all.Wait() // they have their steps
	return trials
}

func reportsOf(trials []*serverTrial) []ServerReport {
	reports := make([]ServerReport, 0, len(trials))
	for _, t := range trials {
		reports = append(reports, ServerReport{URI: t.uri, OK: failedOf(t.taken) == nil, Steps: t.taken})
	}
	return reports
}

// trials returns one trial for each server of the source, and a failed one for
// a source that has none.
func (src *source) trials(ctx context.Context) []*serverTrial {
	nameless := newServerTrial(nil, src.uri)
	servers, err := src.get(ctx)
	if err == nil && len(servers) == 0 {
		err = fmt.Errorf("DNS names no server for %s", src.uri)
	}
	if err != nil {
		nameless.step(StepDNS, err)
		return []*serverTrial{nameless}
	}
	var trials []*serverTrial
	for _, s := range servers {
		trials = append(trials, newServerTrial(s, s.at.uri))
	}
	return trials
}
