package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/nslcd"
)

// explained is a daemon whose user ada may in with the password "hush", and
// through cron not at all.
func explained(request nslcd.Request, response *nslcd.Response) error {
	outcome, authorization, rule, message := "success", "success", "access rules", ""
	switch {
	case request.PAM.User == "down":
		outcome, authorization, rule, message = "unavailable", "unavailable", "server ldap://one: refused", "The directory is away."
	case request.Prove && string(request.Password.Bytes()) != "hush":
		outcome, authorization, rule = "bad-credentials", "bad-credentials", "result code 49"
	case request.PAM.Service == "cron":
		outcome, authorization, rule, message = "permission-denied", "permission-denied", `login_filter: "(a=b)"`, "No."
	}
	_ = response.Step(nslcd.Step{At: 1503 * time.Microsecond, Text: "account found",
		Facts: []nslcd.Fact{{Name: "dn", Value: "uid=" + request.PAM.User}, {Name: "odd", Value: "\x1b[2J"}}})
	if request.PAM.User == "cut" {
		return nil
	}
	return response.Step(nslcd.Step{At: 1600 * time.Microsecond, Text: nslcd.VerdictStep, Facts: []nslcd.Fact{
		{Name: "outcome", Value: outcome}, {Name: "authorization", Value: authorization},
		{Name: "rule", Value: rule}, {Name: "message", Value: message}}})
}

const adaSteps = "   1.503 ms  account found\n             dn: uid=ada\n             odd: \"\\x1b[2J\"\n\n"

func TestExplain(t *testing.T) {
	socket := serve(t)
	at := " --socket " + socket
	for args, want := range map[string]struct {
		typed  string
		status int
		out    string
	}{
		"explain ada --service sshd" + at: {"", 0, adaSteps + `The password was not looked at (--password does).
outcome: success, authorization: success
The log says: rule="access rules"
The person reads nothing of goldap.
`},
		"explain ada --service cron" + at: {"", 1, adaSteps + `The password was not looked at (--password does).
outcome: permission-denied, authorization: permission-denied
The log says: rule="login_filter: \"(a=b)\""
The person reads: No.
`},
		"explain ada --service sshd --password" + at: {"hush\nnot read", 0, adaSteps + `outcome: success, authorization: success
The log says: rule="access rules"
The person reads nothing of goldap.
`},
		"explain ada --password --service sshd" + at: {"hush2", 1, adaSteps + `outcome: bad-credentials, authorization: bad-credentials
The log says: rule="result code 49"
The person reads nothing of goldap.
`},
		"explain ada --service cron --json" + at: {"", 1, `{
  "steps": [
    {
      "microseconds": 1503,
      "text": "account found",
      "facts": [
        {
          "name": "dn",
          "value": "uid=ada"
        },
        {
          "name": "odd",
          "value": "\u001b[2J"
        }
      ]
    }
  ],
  "verdict": {
    "authorization": "permission-denied",
    "message": "No.",
    "outcome": "permission-denied",
    "rule": "login_filter: \"(a=b)\""
  },
  "password_looked_at": false
}
`},
		"explain cut --service sshd" + at:                           {"", 3, ""},
		"explain ada --service sshd --socket /nonexistent/folder/x": {"", 3, ""},
		"explain ada" + at:                                          {"", 2, ""},
		"explain --service sshd" + at:                               {"", 2, ""},
		"explain ada grace --service sshd" + at:                     {"", 2, ""},
		"explain ada --service sshd --config /x/y" + at:             {"", 2, ""},
		"explain ada --service sshd --config /nonexistent":          {"", 2, ""},
		"explain ada --service sshd --password=hush" + at:           {"", 2, ""},
		"explain ada --service sshd --password" + at:                {strings.Repeat("x", nslcd.MaxPassword+1), 2, ""},
	} {
		var out, errOut bytes.Buffer
		status := execute(t.Context(), strings.Fields(args), strings.NewReader(want.typed), &out, &errOut)
		if status != want.status || out.String() != want.out || (errOut.Len() == 0) != (want.status == 0) {
			t.Errorf("%s: status %d, %s (%s); want %d, %s", args, status, out.String(), errOut.String(), want.status, want.out)
		}
		if status == 3 && !strings.Contains(errOut.String(), "--config FILE") {
			t.Errorf("%s: %s does not speak of --config", args, errOut.String())
		}
		if strings.Contains(out.String()+errOut.String(), "hush") && !strings.Contains(args, "hush") {
			t.Errorf("%s: the password is shown: %s%s", args, out.String(), errOut.String())
		}
	}
}

func TestExplainNoAnswerOfADirectory(t *testing.T) {
	status, out, errOut := run(t, "explain", "down", "--service", "sshd", "--socket", serve(t))
	if status != 3 || !strings.Contains(out, "The person reads: The directory is away.\n") || errOut == "" {
		t.Errorf("status %d, %s, %s", status, out, errOut)
	}
}

// --config decides in this process.
func TestExplainHere(t *testing.T) {
	file := filepath.Join(t.TempDir(), "goldap.toml")
	text := "[[directory]]\nuris = [\"ldapi://%2fnonexistent%2fsocket\"]\nbase = \"dc=lab\"\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	status, out, errOut := run(t, "explain", "ada", "--service", "sshd", "--config", file)
	if os.Geteuid() != 0 {
		if status != 3 || out != "" || !strings.Contains(errOut, "root only") {
			t.Errorf("status %d, %s, %s", status, out, errOut)
		}
		return
	}
	if status != 3 || !strings.Contains(out, "outcome: unavailable") || !strings.Contains(out, "nonexistent") {
		t.Errorf("status %d, %s, %s", status, out, errOut)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("broken") }

func TestReadLine(t *testing.T) {
	for name, test := range map[string]struct {
		in   io.Reader
		want string
		ok   bool
	}{
		"a line":    {strings.NewReader("one two\nthree"), "one two", true},
		"no end":    {strings.NewReader("one"), "one", true},
		"nothing":   {strings.NewReader(""), "", true},
		"as is":     {strings.NewReader(" a\r\n"), " a\r", true},
		"too long":  {strings.NewReader(strings.Repeat("x", nslcd.MaxPassword+1)), "", false},
		"an error":  {brokenReader{}, "", false},
		"as it may": {strings.NewReader(strings.Repeat("x", nslcd.MaxPassword) + "\n"), strings.Repeat("x", nslcd.MaxPassword), true},
	} {
		got, err := readLine(test.in)
		if string(got.Bytes()) != test.want || (err == nil) != test.ok {
			t.Errorf("%s: %q, %v", name, got.Bytes(), err)
		}
	}
}

func TestInterruptedPrompt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in, out := io.Pipe()
	defer out.Close()
	if _, err := interruptible(ctx, in); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
