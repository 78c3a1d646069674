// Package secret holds passwords in memory.
//
// A [Secret] cannot be printed: every formatting verb, the slog handlers and
// the text encoders show "[secret]" instead of the bytes. Whoever needs the
// bytes asks for them with Bytes, and whoever owns a Secret wipes it:
//
//	password := secret.New(buf) // takes buf over
//	defer password.Wipe()
package secret

import (
	"fmt"
	"log/slog"
)

const redacted = "[secret]"

// Secret is a byte string that cannot be printed. The zero value is empty.
// Copies share the bytes, so wiping one wipes all.
type Secret struct {
	bytes []byte
}

// New takes over b: the caller must neither change nor keep it.
func New(b []byte) Secret { return Secret{bytes: b} }

// FromString copies s. The copy can be wiped, s itself cannot: use it for
// passwords that arrive as strings from a library and for tests.
func FromString(s string) Secret { return Secret{bytes: []byte(s)} }

// Bytes returns the secret itself, not a copy.
func (s Secret) Bytes() []byte { return s.bytes }

// Len returns the length in bytes.
func (s Secret) Len() int { return len(s.bytes) }

// IsEmpty reports whether there is nothing in it.
func (s Secret) IsEmpty() bool { return len(s.bytes) == 0 }

// Wipe overwrites the bytes with zeros in every copy of s.
func (s Secret) Wipe() { clear(s.bytes) }

// String returns "[secret]".
func (s Secret) String() string { return redacted }

// GoString returns "[secret]", for %#v.
func (s Secret) GoString() string { return redacted }

// Format writes "[secret]" for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue returns "[secret]" to log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns "[secret]", for encoding/json, TOML and their like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// UnmarshalText copies text.
func (s *Secret) UnmarshalText(text []byte) error {
	s.bytes = append([]byte(nil), text...)
	return nil
}
