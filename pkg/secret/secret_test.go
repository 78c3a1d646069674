package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/secret"
)

func TestSecretCannotBePrinted(t *testing.T) {
	const marker = "hunter2-marker"
	s := secret.FromString(marker)
	wrapped := struct{ P secret.Secret }{s}

	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&out, verb+" "+verb+" "+verb+"\n", s, &s, wrapped)
	}
	logger := slog.New(slog.NewTextHandler(&out, nil))
	logger.Info("text", "secret", s, "in", wrapped)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "secret", s, "in", wrapped)
	if err := json.NewEncoder(&out).Encode(wrapped); err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{marker, fmt.Sprintf("%x", marker), fmt.Sprintf("%X", marker), fmt.Sprint([]byte(marker))} {
		if strings.Contains(out.String(), form) {
			t.Errorf("output shows the secret as %q:\n%s", form, out.String())
		}
	}
	if !strings.Contains(out.String(), "[secret]") {
		t.Error("output does not say [secret]")
	}
}

func TestWipeReachesEveryCopy(t *testing.T) {
	buf := []byte("password")
	s := secret.New(buf)
	other := s
	other.Wipe()
	if !bytes.Equal(buf, make([]byte, 8)) || !bytes.Equal(s.Bytes(), make([]byte, 8)) {
		t.Errorf("after Wipe: buffer %q", buf)
	}
}
