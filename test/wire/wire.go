// Package wire gives the golden frames of the nslcd protocol in this folder to
// Go tests. README.md describes the files.
package wire

import (
	"embed"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

//go:embed *.txt
var files embed.FS

// Frame is a request and its response. An empty Response means that the server
// closes without a byte.
type Frame struct {
	Name              string
	Request, Response []byte
}

// Read returns the frames of the named files in their order.
func Read(tb testing.TB, names ...string) []Frame {
	tb.Helper()
	var frames []Frame
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		more, err := parse(string(text))
		if err != nil {
			tb.Fatalf("%s: %v", name, err)
		}
		frames = append(frames, more...)
	}
	return frames
}

// parse reads pairs of lines "name request hex" and "name response hex".
func parse(text string) ([]Frame, error) {
	var frames []Frame
	open := ""
	for number, line := range strings.Split(text, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		words := strings.Split(line, " ")
		if len(words) != 3 {
			return nil, fmt.Errorf("line %d: %d words", number+1, len(words))
		}
		bytes, err := hex.DecodeString(strings.TrimSuffix(words[2], "-"))
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number+1, err)
		}
		switch {
		case words[1] == "request" && open == "":
			open = words[0]
			frames = append(frames, Frame{Name: open, Request: bytes})
		case words[1] == "response" && open == words[0]:
			frames[len(frames)-1].Response = bytes
			open = ""
		default:
			return nil, fmt.Errorf("line %d: %s %s is out of order", number+1, words[0], words[1])
		}
	}
	if open != "" {
		return nil, fmt.Errorf("%s has no response", open)
	}
	return frames, nil
}
