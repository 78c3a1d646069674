package config

import "strings"

// The most that a file may have of what the TOML library takes far more than its
// length for: tables and lists in each other, and points on a line outside of
// quotes. No key of the model comes near.
const (
	maxDepth  = 16
	maxPoints = 64
)

// deepLine returns the first line of a TOML file that has more than that, 0 if none
// has. The file need not be valid.
func deepLine(text string) int {
	line, depth, points := 1, 0, 0
	for text != "" {
		n := 1
		switch text[0] {
		case '\n':
			line, points = line+1, 0
		case '#':
			n = lengthTo(text, "\n")
		case '"', '\'':
			n = quotedLength(text)
			line += strings.Count(text[:n], "\n")
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		case '.':
			points++
		}
		if depth > maxDepth || points > maxPoints {
			return line
		}
		text = text[n:]
	}
	return 0
}

// lengthTo returns how far it is to end in text, or to its end.
func lengthTo(text, end string) int {
	if n := strings.Index(text, end); n >= 0 {
		return n
	}
	return len(text)
}

// quotedLength returns the length of the text in quotes, of any of the four kinds,
// that text begins with. One that does not end ends with its line.
func quotedLength(text string) int {
	end := text[:1]
	if strings.HasPrefix(text, strings.Repeat(end, 3)) {
		end = text[:3]
	}
	for i := len(end); i < len(text); i++ {
		switch {
		case strings.HasPrefix(text[i:], end):
			return i + len(end)
		case text[i] == '\\' && end[0] == '"':
			i++
		case text[i] == '\n' && len(end) == 1:
			return i
		}
	}
	return len(text)
}
