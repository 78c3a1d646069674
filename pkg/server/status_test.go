package server_test

import (
	"errors"
	"testing"

	"github.com/goldap/goldap/pkg/client"
	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/goldap/goldap/pkg/server"
)

// Flush and status are root's; anybody else gets no byte.
func TestFlushAndStatus(t *testing.T) {
	w := start(t, nil)
	c := client.New(w.path)
	w.uid.Store(1000)
	if err := c.Flush(t.Context()); !errors.Is(err, client.ErrUnavailable) || w.fake.flushes.Load() != 0 {
		t.Errorf("somebody flushes: %v, %d times", err, w.fake.flushes.Load())
	}
	if facts, err := c.Status(t.Context()); !errors.Is(err, client.ErrUnavailable) || facts != nil {
		t.Errorf("somebody asks: %v, %v", facts, err)
	}
	if got := w.ask(t, []byte{0, 0, 0, 2, 0x67, 0x6c, 0, 2}); len(got) != 0 {
		t.Errorf("somebody got %x", got)
	}
	w.uid.Store(0)
	if err := c.Flush(t.Context()); err != nil || w.fake.flushes.Load() != 1 {
		t.Errorf("root flushes: %v, %d times", err, w.fake.flushes.Load())
	}
	facts, err := c.Status(t.Context())
	found := map[string]string{}
	for _, fact := range facts {
		found[fact.Name] = fact.Value
	}
	if err != nil || found["directory one"] != "up" || found["server ldap://one"] != "up, answered in 250ms" || len(found["server ldap://two"]) != nslcd.MaxMessage {
		t.Errorf("root asks: %v, %v", facts, err)
	}
}

// Where enumeration is off it is refused without a byte, as nslcd does; the
// other maps are not concerned.
func TestNoEnumeration(t *testing.T) {
	w := start(t, func(b *server.Backend, _ *server.Options) { b.NoEnumeration = true })
	for action, refused := range map[nslcd.Action]bool{
		nslcd.ActionPasswdAll: true, nslcd.ActionGroupAll: true, nslcd.ActionShadowAll: true,
		nslcd.ActionServiceAll: false, nslcd.ActionHostAll: false,
	} {
		got := w.ask(t, []byte{0, 0, 0, 2, byte(action >> 24), byte(action >> 16), byte(action >> 8), byte(action)})
		if (len(got) == 0) != refused {
			t.Errorf("%v: %x", action, got)
		}
	}
}
