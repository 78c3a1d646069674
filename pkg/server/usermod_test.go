package server_test

import (
	"bytes"
	"strings"
	"testing"
)

// Only root may act as the directory's administrator, whoever knows the
// password; and where there is none, nobody is asked and nothing is said.
func TestUserModAsRoot(t *testing.T) {
	w := start(t, nil)
	request := frameNamed(t, "usermod-as-root").Request
	w.uid.Store(1000)
	got := w.ask(t, request)
	want := append(bytes.Clone(request[:8]), 0, 0, 0, 1, 0, 0, 0, 1)
	if !bytes.HasPrefix(got, want) || !bytes.HasSuffix(got, []byte{0, 0, 0, 0, 0, 0, 0, 2}) || !bytes.Contains(got, []byte("Only root")) {
		t.Errorf("got %x", got)
	}
	if n := w.fake.logins.Load(); n > 0 {
		t.Error("the backend was asked")
	}
	w.uid.Store(0)
	if got := w.ask(t, bytes.Replace(request, []byte("ada"), []byte("max"), 1)); len(got) > 0 {
		t.Errorf("without an administrator: got %x", got)
	}
	if got := w.lines("op=usermod", "user=max", "outcome=permission-denied"); len(got) != 1 {
		t.Errorf("no audit line:\n%s", w.log)
	}
}

func TestUserModKeepsAndShowsNoPassword(t *testing.T) {
	w := start(t, nil)
	for _, name := range []string{"usermod-shell", "usermod-wrong-password", "usermod-as-root", "usermod-unknown-user"} {
		w.ask(t, frameNamed(t, name).Request)
	}
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	if log := w.log.String(); strings.Contains(log, "horse") || strings.Contains(log, "wrong ") {
		t.Errorf("the log shows a password:\n%s", log)
	}
	if len(w.fake.passwords) != 4 {
		t.Fatalf("%d passwords were seen", len(w.fake.passwords))
	}
	for _, password := range w.fake.passwords {
		if !bytes.Equal(password.Bytes(), make([]byte, password.Len())) {
			t.Errorf("left in memory: %q", password.Bytes())
		}
	}
}
