package directory

import (
	"errors"
	"net"
	"testing"
	"time"
)

// TestDyingConnectionIsNotUsed: one that has failed is in the pool until the
// notice of that arrives.
func TestDyingConnectionIsNotUsed(t *testing.T) {
	raw, peer := net.Pipe()
	defer func() { _ = peer.Close() }()
	c := &conn{wire: newWire(raw, raw, chunk, time.Second, time.Second), generation: 1}
	p := servicePool{conns: []*conn{c}}
	if p.leastBusy(0) != c {
		t.Error("a good connection is not used")
	}
	c.wire.fail(errors.New("broken"))
	if p.leastBusy(0) != nil || p.steal() != nil {
		t.Error("a dead connection is used")
	}
}
