package server_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/client"
	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/goldap/goldap/pkg/secret"
	"github.com/goldap/goldap/pkg/server"
	"github.com/goldap/goldap/test/scripted"
)

// TestUnknownUsersTakeAsLongAsWrongPasswords asks for both in turns and tells
// how well the time tells them apart: the share of all pairs in which the wrong
// password took longer, which is 1/2 if it says nothing. Without the delay it
// says nearly everything, or the test would prove nothing.
func TestUnknownUsersTakeAsLongAsWrongPasswords(t *testing.T) {
	for _, hide := range []bool{true, false} {
		t.Run(fmt.Sprint("hidden ", hide), func(t *testing.T) {
			share := longerForWrong(t, hide, 200)
			if hide && (share < 0.35 || share > 0.65) || !hide && share < 0.9 {
				t.Errorf("a wrong password takes longer in %.2f of all pairs", share)
			}
			t.Logf("a wrong password takes longer in %.2f of all pairs", share)
		})
	}
}

func longerForWrong(t *testing.T, hide bool, runs int) float64 {
	l := newLab(func(l *lab) {
		l.cfg.Login.Throttle.Failures = 0
		l.script.Bind = func(c *scripted.Conn, r *scripted.Request) {
			if r.DN == labDN { // a server that takes its time to compare hashes
				<-time.After(2*time.Millisecond + rand.N(4*time.Millisecond))
			}
			c.DefaultBind(r)
		}
	})
	l.adjust = func(b *server.Backend) { b.HideUnknown = hide }
	c := l.serve(t)
	password := secret.FromString("wrong")
	ask := func(user string) time.Duration {
		began := time.Now()
		a, err := c.Authenticate(t.Context(), nslcd.PAM{User: user, Service: "sshd"}, password)
		took := time.Since(began)
		if known := user == labUser; known && (err != nil || a.Code != nslcd.CodeAuthErr) || !known && !errors.Is(err, client.ErrNotFound) {
			t.Fatalf("%s: %+v, %v", user, a, err)
		}
		return took
	}
	for range 10 {
		ask(labUser)
	}
	var wrong, unknown []time.Duration
	for i := range runs {
		wrong = append(wrong, ask(labUser))
		unknown = append(unknown, ask(fmt.Sprint("nobody", i)))
	}
	longer := 0
	for _, w := range wrong {
		for _, u := range unknown {
			if w > u {
				longer++
			}
		}
	}
	return float64(longer) / float64(runs*runs)
}
