package server

import (
	"testing"

	"github.com/goldap/goldap/pkg/nslcd"
)

// A bug in the reading of a request is survived where connections are accepted,
// too.
func TestBugWhileReadingAtOnce(t *testing.T) {
	s := New(&Backend{}, Options{})
	q := &quick{server: s, in: nslcd.NewRequestReader(nil)} // reading from nil panics
	if q.answer(&exchange{server: s}) {
		t.Error("it was answered")
	}
}
