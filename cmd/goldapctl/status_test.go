package main

import (
	"strings"
	"testing"
)

func TestStatusAndFlush(t *testing.T) {
	socket := serve(t)
	for args, want := range map[string]struct {
		status int
		out    string
	}{
		"status --socket " + socket:             {0, "server ldap://one: up\nhits: 7\n"},
		"status --json --socket " + socket:      {0, "{\n  \"hits\": \"7\",\n  \"server ldap://one\": \"up\"\n}\n"},
		"flush --socket " + socket:              {0, ""},
		"flush everything --socket " + socket:   {2, ""},
		"status --socket /nonexistent/folder/x": {3, ""},
		"flush --socket /nonexistent/folder/x":  {3, ""},
	} {
		status, out, errOut := run(t, strings.Fields(args)...)
		if status != want.status || out != want.out || (errOut == "") != (want.status == 0) {
			t.Errorf("%s: status %d, %q (%s); want %d, %q", args, status, out, errOut, want.status, want.out)
		}
	}
}
