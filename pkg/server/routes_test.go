package server

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/login"
	"github.com/goldap/goldap/pkg/nslcd"
)

// declaredActions reads the constants out of the source, so that none can be
// forgotten here.
func declaredActions(t *testing.T) map[string]nslcd.Action {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../nslcd/actions.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	actions := map[string]nslcd.Action{}
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Action") {
			return true
		}
		value, err := strconv.ParseUint(spec.Values[0].(*ast.BasicLit).Value, 0, 32)
		if err != nil {
			t.Fatal(err)
		}
		actions[spec.Names[0].Name] = nslcd.Action(value)
		return true
	})
	return actions
}

func TestEveryActionIsInThePermissionTable(t *testing.T) {
	actions := declaredActions(t)
	if len(actions) < 12 {
		t.Fatalf("only %d actions found in the source", len(actions))
	}
	for name, action := range actions {
		if row, listed := routes[action]; !listed || row.allowed == nil || row.serve == nil {
			t.Errorf("%s has no complete row", name)
		}
	}
	if len(routes) != len(actions) {
		t.Errorf("%d rows for %d actions", len(routes), len(actions))
	}
}

func TestPermissions(t *testing.T) {
	root, user, nobody := Credential{UID: 0}, Credential{UID: 1000}, Credential{UID: 1<<32 - 1}
	for name, action := range declaredActions(t) {
		for _, asRoot := range []bool{false, true} {
			request := nslcd.Request{Action: action, AsRoot: asRoot}
			refused := action == nslcd.ActionFlush || action == nslcd.ActionStatus || action == nslcd.ActionExplain || (action == nslcd.ActionChangePassword || action == nslcd.ActionUserMod) && asRoot
			if !routes[action].allowed(root, request) {
				t.Errorf("%s, asroot %v: root is refused", name, asRoot)
			}
			for _, caller := range []Credential{user, nobody} {
				if got := routes[action].allowed(caller, request); got == refused {
					t.Errorf("%s, asroot %v: uid %d allowed: %v", name, asRoot, caller.UID, got)
				}
			}
		}
	}
}

// Only the actions that ask a directory about a person have the time of a
// login.
func TestTimeOfActions(t *testing.T) {
	for action, row := range routes {
		pam := action>>16 == nslcd.ActionAuthenticate>>16 || action == nslcd.ActionLogin || action == nslcd.ActionAdmit || action == nslcd.ActionExplain || action == nslcd.ActionUserMod
		session := action == nslcd.ActionSessionOpen || action == nslcd.ActionSessionClose
		if row.login != (pam && !session) {
			t.Errorf("%v: login is %v", action, row.login)
		}
	}
}

func TestEveryOutcomeHasACode(t *testing.T) {
	outcome := account.Outcome(0)
	for ; !strings.HasPrefix(outcome.String(), "outcome("); outcome++ {
		got, listed := codes[outcome]
		if !listed {
			t.Errorf("%v has no code", outcome)
		}
		if (got == nslcd.CodeSuccess) != (outcome == account.Success) {
			t.Errorf("%v is %v on the wire", outcome, got)
		}
	}
	if len(codes) != int(outcome) {
		t.Errorf("%d codes for %d outcomes", len(codes), outcome)
	}
	for _, unknown := range []account.Outcome{-1, outcome, 1000} {
		if got := code(unknown); got != nslcd.CodeAuthInfoUnavail {
			t.Errorf("%v is %v on the wire", unknown, got)
		}
	}
}

func TestAuthorizationCode(t *testing.T) {
	for name, test := range map[string]struct {
		outcome, authorization account.Outcome
		want                   nslcd.Code
	}{
		"both good":                     {account.Success, account.Success, nslcd.CodeSuccess},
		"good, must change":             {account.Success, account.MustChange, nslcd.CodeNewAuthtokReqd},
		"good, not decided":             {account.Success, account.Unavailable, nslcd.CodeAuthInfoUnavail},
		"wrong password":                {account.BadCredentials, account.Unavailable, nslcd.CodeSuccess},
		"wrong password, as login says": {account.BadCredentials, account.BadCredentials, nslcd.CodeSuccess},
		"wrong password, expired":       {account.BadCredentials, account.AccountExpired, nslcd.CodeSuccess},
		"locked":                        {account.AccountLocked, account.Unavailable, nslcd.CodeAcctExpired},
		"directory away":                {account.Unavailable, account.Unavailable, nslcd.CodeAuthInfoUnavail},
	} {
		got := authorizationCode(login.Decision{Outcome: test.outcome, Authorization: test.authorization})
		if got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}
