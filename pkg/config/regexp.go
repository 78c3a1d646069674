package config

import (
	"fmt"
	"regexp"
	"strings"
)

// UnmarshalText compiles text, which must be anchored with ^ and $: an
// expression that may match a part of a name only would let anything around
// that part through.
func (r *Regexp) UnmarshalText(text []byte) error {
	s := string(text)
	if len(s) < 2 || !strings.HasPrefix(s, "^") || !strings.HasSuffix(s, "$") {
		return fmt.Errorf("must begin with ^ and end with $")
	}
	if _, err := regexp.Compile(s); err != nil {
		return err
	}
	// The group makes the anchors hold for each branch of ^a|b$.
	compiled, err := regexp.Compile("^(?:" + s[1:len(s)-1] + ")$")
	if err != nil {
		return err
	}
	r.Regexp = compiled
	return nil
}

// MarshalText returns the expression as it stands in a configuration file.
func (r Regexp) MarshalText() ([]byte, error) {
	s := strings.TrimSuffix(strings.TrimPrefix(r.String(), "^(?:"), ")$")
	return []byte("^" + s + "$"), nil
}

func mustRegexp(s string) *Regexp {
	r := new(Regexp)
	if err := r.UnmarshalText([]byte(s)); err != nil {
		panic(fmt.Sprintf("regular expression %s: %v", s, err))
	}
	return r
}
