package server_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/goldap/goldap/test/wire"
)

func frameNamed(t *testing.T, name string) wire.Frame {
	t.Helper()
	for _, frame := range wire.Read(t, "lookups.txt", "maps.txt", "pam.txt", "usermod.txt", "refused.txt") {
		if frame.Name == name {
			return frame
		}
	}
	t.Fatalf("there is no frame %s", name)
	return wire.Frame{}
}

// The captured frames of lookups.txt and pam.txt are about users that the fake
// does not have, except one that is the same for everybody.
func concernsTheFake(name string) bool {
	return !strings.HasPrefix(name, "nslcd-") || name == "nslcd-session-close"
}

func TestGoldenFrames(t *testing.T) {
	w := start(t, nil)
	frames := wire.Read(t, "maps.txt", "about.txt")
	for _, frame := range wire.Read(t, "lookups.txt", "pam.txt", "usermod.txt") {
		if concernsTheFake(frame.Name) && frame.Name != "session-open" {
			frames = append(frames, frame)
		}
	}
	for _, frame := range frames {
		t.Run(frame.Name, func(t *testing.T) {
			if got := w.ask(t, frame.Request); !bytes.Equal(got, frame.Response) {
				t.Errorf("got\n%x\nwant\n%x", got, frame.Response)
			}
		})
	}
}

func TestRefusedFramesGetNoByte(t *testing.T) {
	w := start(t, nil)
	for _, frame := range wire.Read(t, "refused.txt") {
		t.Run(frame.Name, func(t *testing.T) {
			conn := w.dial(t)
			if _, err := conn.Write(frame.Request); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(frame.Name, "half-") || strings.HasPrefix(frame.Name, "no-") {
				if err := conn.CloseWrite(); err != nil {
					t.Fatal(err)
				}
			}
			if got := readAll(t, conn); len(got) > 0 {
				t.Errorf("got %x", got)
			}
		})
	}
	if n := w.fake.logins.Load(); n > 0 {
		t.Errorf("%d of them came to a decision", n)
	}
}

func TestSessionIDsAreRandom(t *testing.T) {
	w := start(t, nil)
	frame := frameNamed(t, "session-open")
	first, second := w.ask(t, frame.Request), w.ask(t, frame.Request)
	if len(first) != len(frame.Response) || bytes.Equal(first, second) {
		t.Errorf("%x and %x", first, second)
	}
	const id = 16 // header, BEGIN, length
	if !bytes.Equal(first[:id], frame.Response[:id]) || !bytes.HasSuffix(first, []byte{0, 0, 0, 2}) {
		t.Errorf("%x", first)
	}
}

// What cannot be found out has no end marker; what is known not to be usable
// is not there.
func TestErrorsOfLookups(t *testing.T) {
	w := start(t, nil)
	header := frameNamed(t, "passwd-by-name-unavailable").Response
	absent := frameNamed(t, "passwd-by-name-unknown").Response
	for name, want := range map[string][]byte{
		"twins": absent, "broken": absent, "odd": header, "refused": header, "down": header, "nobody": absent,
	} {
		if got := w.ask(t, passwdByName(name)); !bytes.Equal(got, want) {
			t.Errorf("%s: got %x, want %x", name, got, want)
		}
	}
}

// passwdByName returns a request as a C client would write it.
func passwdByName(name string) []byte {
	return append([]byte{0, 0, 0, 2, 0, 8, 0, 1, 0, 0, 0, byte(len(name))}, name...)
}

func TestEntryThatCannotBeSent(t *testing.T) {
	w := start(t, nil)
	request := append([]byte{0, 0, 0, 2, 0, 4, 0, 1, 0, 0, 0, 4}, "huge"...)
	if got := w.ask(t, request); !bytes.Equal(got, request[:8]) {
		t.Errorf("got %x, want the header alone", got)
	}
}
