package server_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/goldap/goldap/pkg/secret"
	"github.com/goldap/goldap/pkg/server"
)

// A caller that cannot wait as long as the configuration allows gets its
// answer in its own time; one that would wait longer gets no more than that.
func TestBudgetOfTheCaller(t *testing.T) {
	tests := map[string]struct{ budget, timeout time.Duration }{
		"caller has less time": {30 * time.Millisecond, time.Hour},
		"caller has more time": {time.Hour, 30 * time.Millisecond},
		"caller has none":      {0, time.Hour},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := start(t, func(b *server.Backend, _ *server.Options) { b.LoginTimeout = tt.timeout })
			var request bytes.Buffer
			err := nslcd.WriteRequest(&request, nslcd.Request{
				Action: nslcd.ActionLogin, Budget: tt.budget,
				PAM: nslcd.PAM{User: "slow"}, Password: secret.FromString("password"),
			})
			if err != nil {
				t.Fatal(err)
			}
			unavailable := []byte{0, 0, 0, 1, 0, 0, 0, byte(nslcd.CodeAuthInfoUnavail)}
			if got := w.ask(t, request.Bytes()); !bytes.Contains(got, unavailable) {
				t.Errorf("got %x, want the code for unavailable", got)
			}
		})
	}
}
