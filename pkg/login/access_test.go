package login

import "testing"

func TestPermits(t *testing.T) {
	tests := map[string]struct {
		values, names []string
		want          bool
	}{
		"no value":                  {nil, []string{"sshd"}, false},
		"the name":                  {[]string{"sshd"}, []string{"sshd"}, true},
		"the name in another case":  {[]string{"SSHD"}, []string{"sshd"}, true},
		"another name":              {[]string{"su", "login"}, []string{"sshd"}, false},
		"one of several values":     {[]string{"su", "sshd"}, []string{"sshd"}, true},
		"part of the name":          {[]string{"ssh"}, []string{"sshd"}, false},
		"longer than the name":      {[]string{"sshd2"}, []string{"sshd"}, false},
		"blank before the name":     {[]string{" sshd"}, []string{"sshd"}, false},
		"everything":                {[]string{"*"}, []string{"sshd"}, true},
		"denied":                    {[]string{"!sshd"}, []string{"sshd"}, false},
		"another one denied":        {[]string{"!su"}, []string{"sshd"}, false},
		"all but another":           {[]string{"!su", "*"}, []string{"sshd"}, true},
		"all but this":              {[]string{"*", "!sshd"}, []string{"sshd"}, false},
		"all but this, first":       {[]string{"!SSHD", "*"}, []string{"sshd"}, false},
		"allowed and denied":        {[]string{"sshd", "!sshd"}, []string{"sshd"}, false},
		"denied and allowed":        {[]string{"!sshd", "sshd"}, []string{"sshd"}, false},
		"a star is no pattern":      {[]string{"ssh*"}, []string{"sshd"}, false},
		"a denied star is a name":   {[]string{"!*", "sshd"}, []string{"sshd"}, true},
		"a denied star alone":       {[]string{"!*"}, []string{"sshd"}, false},
		"empty values":              {[]string{"", "!"}, []string{"sshd"}, false},
		"no name, no value":         {[]string{""}, []string{""}, false},
		"no name, everything":       {[]string{"*"}, []string{""}, true},
		"a service with a bang":     {[]string{"!sshd"}, []string{"!sshd"}, false},
		"second name allowed":       {[]string{"web1"}, []string{"web1.example.com", "web1"}, true},
		"second name denied":        {[]string{"*", "!web1"}, []string{"web1.example.com", "web1"}, false},
		"one allowed, one denied":   {[]string{"web1.example.com", "!web1"}, []string{"web1.example.com", "web1"}, false},
		"full name of another host": {[]string{"web1.example.net"}, []string{"web1.example.com", "web1"}, false},
		"no names, everything":      {[]string{"*"}, nil, true},
		"no names, a name":          {[]string{"web1"}, nil, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got, why := permits(tt.values, tt.names...); got != tt.want {
				t.Errorf("permits(%q, %q) is %v, %q", tt.values, tt.names, got, why)
			}
		})
	}
}

// TestWhyNotPermitted is the value that keeps out, for the log.
func TestWhyNotPermitted(t *testing.T) {
	for want, tt := range map[string]struct{ values, names []string }{
		"!SSHD":                                {[]string{"*", "!su", "!SSHD"}, []string{"sshd"}},
		"!web1":                                {[]string{"*", "!web1"}, []string{"web1.example.com", "web1"}},
		"no value is sshd":                     {[]string{"su", "!cron"}, []string{"sshd"}},
		"no value is web1.example.com or web1": {nil, []string{"web1.example.com", "web1"}},
	} {
		if allowed, why := permits(tt.values, tt.names...); allowed || why != want {
			t.Errorf("%q: %v, %q", want, allowed, why)
		}
	}
}
