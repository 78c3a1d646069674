package directory_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

// TestChangeOfAPasswordTooOldToBind: only where Active Directory says so, only
// in its way, and never in the name of the administrator.
func TestChangeOfAPasswordTooOldToBind(t *testing.T) {
	const refusal = "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data "
	anonymous := func(cfg *config.Directory) { cfg.BindDN = "" }
	for name, test := range map[string]struct {
		way, diagnostic string
		change          func(*config.Directory)
		old             string // empty is root's change
		sent            bool
	}{
		"set by an administrator": {"ad", refusal + "773, v1db1", nil, alicePass, true},
		"expired":                 {"ad", refusal + "532, v1db1", nil, alicePass, true},
		"wrong password":          {"ad", refusal + "52e, v1db1", nil, alicePass, false},
		"locked":                  {"ad", refusal + "775, v1db1", nil, alicePass, false},
		"another server's words":  {"ad", "data 773, v1db1", nil, alicePass, false},
		"other way":               {"clear_remove_old", refusal + "773, v1db1", nil, alicePass, false},
		"nobody to send it":       {"ad", refusal + "773, v1db1", anonymous, alicePass, false},
		"administrator":           {"ad", refusal + "773, v1db1", nil, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			server.Script(scripted.Script{
				Bind: func(c *scripted.Conn, r *scripted.Request) {
					if r.DN == serviceDN {
						c.DefaultBind(r)
						return
					}
					c.Send(scripted.Result(r.ID, scripted.BindResponse, 49, test.diagnostic))
				},
				Modify: answers(modifyResult(0)),
			})
			d := configured(t, server, func(cfg *config.Directory) {
				changingBy(test.way)(cfg)
				if test.change != nil {
					test.change(cfg)
				}
			})
			request := changeOfAlice
			request.Old, request.AsRoot = secretOf(test.old), test.old == ""
			bound, changed, err := d.ChangePassword(within(t, time.Second), request)
			if err != nil {
				t.Fatal(err)
			}
			modifies := server.Modifies()
			if !test.sent {
				if bound.Code != 49 || changed.Code != -1 || len(modifies) != 0 {
					t.Errorf("%+v, %+v, %+v", bound, changed, modifies)
				}
				return
			}
			if bound.Code != 0 || changed.Code != 0 || len(modifies) != 1 || modifies[0].BoundAs != serviceDN ||
				cmp.Diff(modifies[0].Changes, allWays["ad"].user) != "" {
				t.Errorf("%+v, %+v, %+v", bound, changed, modifies)
			}
		})
	}
}

// TestChangeTooOldToBindFails: what goes wrong with it is no success.
func TestChangeTooOldToBindFails(t *testing.T) {
	for name, test := range map[string]struct {
		pseudouser, code int64
		err              error
	}{"wrong old password": {0, 19, nil}, "pseudouser refused": {49, 0, directory.ErrRefused}, "busy": {51, 0, directory.ErrUnavailable}} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			server.Script(scripted.Script{
				Bind: func(c *scripted.Conn, r *scripted.Request) {
					code := int64(49)
					if r.DN == serviceDN {
						code = test.pseudouser
					}
					c.Send(scripted.Result(r.ID, scripted.BindResponse, code, "AcceptSecurityContext error, data 773, v1db1"))
				},
				Modify: answers(modifyResult(test.code)),
			})
			_, changed, err := configured(t, server, changingBy("ad")).ChangePassword(within(t, time.Second), changeOfAlice)
			if test.err != nil {
				wantError(t, err, test.err)
			}
			if changed.Code == 0 || (err == nil) != (test.err == nil) {
				t.Errorf("%+v, %v", changed, err)
			}
		})
	}
}
