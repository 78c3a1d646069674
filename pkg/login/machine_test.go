package login

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
)

// named returns a machine with a host name whose full name is looked up by
// complete, and the count of those searches.
func named(host string, complete func() (string, error)) (*Machine, *int) {
	searches := 0
	return &Machine{
		Hostname:  func() (string, error) { return host, nil },
		Canonical: func(context.Context, string) (string, error) { searches++; return complete() },
	}, &searches
}

func TestNamesOfMachine(t *testing.T) {
	answer := func(full string, err error) func() (string, error) {
		return func() (string, error) { return full, err }
	}
	tests := map[string]struct {
		host     string
		complete func() (string, error)
		want     []string
		searches int // in two calls
	}{
		"full host name":     {"web1.example.com", answer("", errors.New("asked")), []string{"web1.example.com"}, 0},
		"dot at the end":     {"web1.example.com.", answer("", errors.New("asked")), []string{"web1.example.com"}, 0},
		"completed":          {"web1", answer("web1.example.com.", nil), []string{"web1.example.com", "web1"}, 1},
		"an alias":           {"web1", answer("server7.example.com", nil), []string{"server7.example.com", "web1"}, 1},
		"there is none":      {"web1", answer("", &net.DNSError{Err: "no such host", IsNotFound: true}), []string{"web1"}, 2},
		"itself":             {"web1", answer("web1.", nil), []string{"web1"}, 2},
		"name without a dot": {"client", answer("localhost", nil), []string{"client"}, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m, searches := named(tt.host, tt.complete)
			for range 2 {
				if got, err := m.names(t.Context()); err != nil || !slices.Equal(got, tt.want) {
					t.Errorf("names %q, %v, want %q", got, err, tt.want)
				}
			}
			if *searches != tt.searches {
				t.Errorf("%d searches for the full name, want %d", *searches, tt.searches)
			}
		})
	}
}

// TestNameSearchFails: what failed is an error, and is tried again.
func TestNameSearchFails(t *testing.T) {
	failure := error(&net.DNSError{Err: "i/o timeout", IsTimeout: true})
	m, searches := named("web1", func() (string, error) { return "web1.example.com", failure })
	if _, err := m.names(t.Context()); !errors.Is(err, failure) {
		t.Errorf("error %v", err)
	}
	failure = nil
	if got, err := m.names(t.Context()); err != nil || len(got) != 2 || *searches != 2 {
		t.Errorf("names %q, %v after %d searches", got, err, *searches)
	}
}

func TestNoHostName(t *testing.T) {
	broken := errors.New("broken")
	for host, failure := range map[string]error{"": nil, ".": nil, "web1.example.com": broken} {
		m := &Machine{Hostname: func() (string, error) { return host, failure }}
		if got, err := m.names(t.Context()); err == nil || len(got) > 0 {
			t.Errorf("%q, %v: names %q", host, failure, got)
		}
	}
}

// TestRenamedMachine: what was found for the old name is not used for the new.
func TestRenamedMachine(t *testing.T) {
	host := "web1"
	m := &Machine{
		Hostname:  func() (string, error) { return host, nil },
		Canonical: func(_ context.Context, asked string) (string, error) { return asked + ".example.com", nil },
	}
	for _, host = range []string{"web1", "web2"} {
		if got, err := m.names(t.Context()); err != nil || !slices.Equal(got, []string{host + ".example.com", host}) {
			t.Errorf("names %q, %v", got, err)
		}
	}
}

// TestThisMachine asks the system, from several goroutines as logins do. A
// machine need not have a full name, but must not hang on it.
func TestThisMachine(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var m Machine
	var askers sync.WaitGroup
	for range 4 {
		askers.Go(func() {
			got, err := m.names(ctx)
			if err == nil && len(got) == 0 {
				t.Error("neither a name nor an error")
			}
		})
	}
	askers.Wait()
}
