package login

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
)

// Machine knows the names of this machine. The zero value asks the system. It
// is safe for concurrent use and must not be copied after the first.
type Machine struct {
	// Hostname is os.Hostname if it is nil.
	Hostname func() (string, error)
	// Canonical completes a host name without a dot, as net.Resolver's
	// LookupCNAME does. It is that of the resolver in Go if it is nil: the C
	// library's would ask the name service, which may ask goldap.
	Canonical func(ctx context.Context, host string) (string, error)

	mu        sync.Mutex
	completed map[string]string // by host name, once it was found
}

// names returns the host name and, if that has no dot, the full name before
// it. A machine whose name nobody can complete has the one name. An error
// means that the full name is not known because the search for it failed.
func (m *Machine) names(ctx context.Context) ([]string, error) {
	host, err := m.hostname()
	if err != nil {
		return nil, err
	}
	if strings.Contains(host, ".") {
		return []string{host}, nil
	}
	full, err := m.complete(ctx, host)
	if err != nil || full == "" {
		return []string{host}, err
	}
	return []string{full, host}, nil
}

func (m *Machine) hostname() (string, error) {
	ask := m.Hostname
	if ask == nil {
		ask = os.Hostname
	}
	host, err := ask()
	host = strings.TrimSuffix(host, ".")
	if err == nil && host == "" {
		err = errors.New("it is empty")
	}
	if err != nil {
		return "", fmt.Errorf("host name of this machine: %w", err)
	}
	return host, nil
}

// complete returns the full name of the host, or "" if it has none. A name
// that was found is looked for only once.
func (m *Machine) complete(ctx context.Context, host string) (string, error) {
	m.mu.Lock()
	full := m.completed[host]
	m.mu.Unlock()
	if full != "" {
		return full, nil
	}
	ask := m.Canonical
	if ask == nil {
		ask = (&net.Resolver{PreferGo: true}).LookupCNAME
	}
	full, err := ask(ctx, host)
	var failure *net.DNSError
	if errors.As(err, &failure) && failure.IsNotFound {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("full name of this machine: %w", err)
	}
	full = strings.TrimSuffix(full, ".")
	if !strings.Contains(full, ".") {
		return "", nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.completed = map[string]string{host: full}
	return full, nil
}
