package admin

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/server"
)

// TestEditedMeanwhile has the administrator edit a file while a directory is
// tried. The own file counts as it then is, also if a reload has already read it;
// a managed file that is edited by hand is not overwritten.
func TestEditedMeanwhile(t *testing.T) {
	s := newSite(t, ownFile)
	edited := ownFile + "[[role]]\nname = \"new\"\ndirectories = [\"main\"]\nusers = [\"bob\"]\n"
	s.trying = func(context.Context) {
		if err := os.WriteFile(s.path, []byte(edited), 0o600); err != nil {
			t.Error(err)
		}
	}
	s.ask(201, "POST", "/v1/directories", second)
	if s.inForce == nil || len(s.inForce.Roles) != 2 {
		t.Errorf("in force is what was before the administrator's change: %+v", s.inForce)
	}

	byHand := "removed_roles = ['new']\n"
	s.trying = func(context.Context) {
		if err := os.WriteFile(config.ManagedPath(s.path), []byte(byHand), 0o600); err != nil {
			t.Error(err)
		}
	}
	before := s.inForce
	a := s.ask(409, "PUT", "/v1/directories/main", `{"uris": ["ldaps://x"], "base": "dc=x"}`)
	if !strings.Contains(string(a.body), "somebody else has changed the managed file") || s.inForce != before {
		t.Errorf("got %s", a.body)
	}
	if got, err := os.ReadFile(config.ManagedPath(s.path)); err != nil || string(got) != byHand {
		t.Errorf("overwritten: %s, %v", got, err)
	}

	s.trying = func(context.Context) {
		if err := os.WriteFile(s.path, []byte("x ="), 0o600); err != nil {
			t.Error(err)
		}
	}
	s.ask(422, "PUT", "/v1/directories/main", `{"uris": ["ldaps://x"], "base": "dc=x"}`)
}

// TestCallerGoesAway ends a trial when the caller has gone, and changes nothing.
func TestCallerGoesAway(t *testing.T) {
	s := newSite(t, ownFile)
	before := s.files()
	for _, path := range []string{"/v1/directories/main", "/v1/directories/main/verify"} {
		ctx, goAway := context.WithCancel(t.Context())
		ended := make(chan struct{})
		s.trying = func(ctx context.Context) {
			goAway()
			<-ctx.Done()
			close(ended)
		}
		method, text := "PUT", `{"uris": ["ldaps://x"], "base": "dc=x"}`
		if strings.HasSuffix(path, "verify") {
			method, text = "POST", ""
		}
		request, err := http.NewRequestWithContext(ctx, method, "http://goldap"+path, strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		if response, err := s.client.Do(request); err == nil {
			response.Body.Close()
			t.Errorf("%s: status %d", path, response.StatusCode)
		}
		<-ended
	}
	s.trying = nil
	s.ask(200, "PUT", "/v1/roles/staff", `{"directories": ["main"], "users": ["ann"]}`) // when the others have ended
	if s.files() == before || s.inForce.Directories[0].URIs[0] != "ldaps://ldap.example.com" {
		t.Errorf("changed to %v", s.inForce.Directories)
	}
}

// direct asks an API without a socket.
func direct(api *API, ctx context.Context, method, path, body string) *httptest.ResponseRecorder {
	request := httptest.NewRequestWithContext(context.WithValue(ctx, callerKey{}, server.Credential{PID: 7}), method, path, strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	api.ServeHTTP(recorder, request)
	return recorder
}

// TestTrialsEnd has a trial end after a minute, whatever the directory's own times
// are, and a second change not wait for ever.
func TestTrialsEnd(t *testing.T) {
	s := newSite(t, ownFile)
	before := s.files()
	synctest.Test(t, func(t *testing.T) {
		api := New(s.options())
		s.usable = false
		s.trying = func(ctx context.Context) { <-ctx.Done() }
		began := time.Now()
		first := make(chan *httptest.ResponseRecorder)
		go func() {
			first <- direct(api, t.Context(), "PUT", "/v1/directories/main", `{"uris": ["ldaps://x"], "base": "dc=x", "connect_timeout": "1h"}`)
		}()
		synctest.Wait()
		gone, goAway := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, goAway)
		if got := direct(api, gone, "PUT", "/v1/roles/staff", `{"users": ["bob"]}`); got.Code != 409 || time.Since(began) != time.Second {
			t.Errorf("after %v: %d %s", time.Since(began), got.Code, got.Body)
		}
		if got := direct(api, t.Context(), "PUT", "/v1/roles/staff", `{"users": ["bob"]}`); got.Code != 409 || time.Since(began) != time.Second+changeWait || !strings.Contains(got.Body.String(), "another change is being made") {
			t.Errorf("after %v: %d %s", time.Since(began), got.Code, got.Body)
		}
		if got := <-first; got.Code != 422 || time.Since(began) != trialTimeout {
			t.Errorf("after %v: %d %s", time.Since(began), got.Code, got.Body)
		}
	})
	if s.files() != before {
		t.Error("something was changed")
	}
}

// TestSilentServer tries a server that never says anything; the trial ends when
// the caller goes away.
func TestSilentServer(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	s := newSite(t, ownFile)
	options := s.options()
	options.Verify = directory.Verify
	ctx, goAway := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer goAway()
	began := time.Now()
	text := `{"uris": ["ldaps://` + silent.Addr().String() + `"], "base": "dc=x", "connect_timeout": "1h"}`
	if got := direct(New(options), ctx, "PUT", "/v1/directories/main", text); got.Code != 422 || time.Since(began) > 20*time.Second {
		t.Errorf("after %v: %d %s", time.Since(began), got.Code, got.Body)
	}
}
