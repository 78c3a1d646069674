package metrics

import (
	"strings"
	"sync"
	"sync/atomic"
)

const (
	// maxServices bounds the values of the label service. Whoever may connect to
	// the socket can make names up, so callers that are not root's get
	// maxForeign of them at most.
	maxServices = 50
	maxForeign  = 10
	// maxServiceName bounds one of them, in bytes.
	maxServiceName = 64
	// other is the label of all other services, none of those without a name.
	other = "other"
	none  = "none"
)

// services are the names of PAM services that have a label of their own.
type services struct {
	labels sync.Map // from name to label; read without a lock
	full   atomic.Bool

	mu           sync.Mutex
	all, foreign int
}

// label is the value of the label for a service.
func (s *services) label(name string, fromRoot bool) string {
	if name == "" {
		return none
	}
	if label, known := s.labels.Load(name); known {
		return label.(string)
	}
	if s.full.Load() {
		return other
	}
	return s.add(name, fromRoot)
}

// add gives a name a label, if there is one left.
func (s *services) add(name string, fromRoot bool) string {
	label := valid(name)
	if len(label) > maxServiceName || label != name {
		return other
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if label, known := s.labels.Load(name); known {
		return label.(string)
	}
	if s.all == maxServices || !fromRoot && s.foreign == maxForeign {
		return other
	}
	s.all++
	if !fromRoot {
		s.foreign++
	}
	s.full.Store(s.all == maxServices)
	label = strings.Clone(name) // not the request that it is a part of
	s.labels.Store(label, label)
	return label
}

// valid is text that may be a label: UTF-8.
func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
