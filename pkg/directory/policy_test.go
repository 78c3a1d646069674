package directory_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/test/scripted"
)

// policy returns NoPolicy with changes.
func policy(change func(*directory.Policy)) directory.Policy {
	p := directory.NoPolicy
	change(&p)
	return p
}

var policyTests = map[string]struct {
	controls []scripted.Control
	want     directory.Policy
}{
	"no control":    {nil, directory.NoPolicy},
	"other control": {[]scripted.Control{{OID: "1.2.3", Value: []byte("?")}}, directory.NoPolicy},
	"empty policy": {[]scripted.Control{scripted.Policy(scripted.None, scripted.None, scripted.None)},
		policy(func(p *directory.Policy) { p.Present = true })},
	"expires": {[]scripted.Control{scripted.Policy(86400, scripted.None, scripted.None)},
		policy(func(p *directory.Policy) { p.Present = true; p.ExpiresIn = 86400 })},
	"grace": {[]scripted.Control{scripted.Policy(scripted.None, 3, scripted.None)},
		policy(func(p *directory.Policy) { p.Present = true; p.GraceLogins = 3 })},
	"locked": {[]scripted.Control{scripted.Policy(scripted.None, scripted.None, 1)},
		policy(func(p *directory.Policy) { p.Present = true; p.Error = 1 })},
	"expires in 0, error 2": {[]scripted.Control{scripted.Policy(0, scripted.None, 2)},
		policy(func(p *directory.Policy) { p.Present = true; p.ExpiresIn = 0; p.Error = 2 })},
	"error 9":    {[]scripted.Control{scripted.Policy(scripted.None, scripted.None, 9)}, policy(func(p *directory.Policy) { p.Present = true; p.Error = 9 })},
	"error 1000": {[]scripted.Control{scripted.Policy(scripted.None, scripted.None, 1000)}, policy(func(p *directory.Policy) { p.Present = true; p.Error = 1000 })},
	"negative error": {[]scripted.Control{scripted.Policy(scripted.None, scripted.None, -7)},
		policy(func(p *directory.Policy) { p.Present = true; p.Undecodable = true })},
	"no value":     {[]scripted.Control{{OID: scripted.PasswordPolicyOID}}, policy(func(p *directory.Policy) { p.Present = true; p.Undecodable = true })},
	"empty value":  {[]scripted.Control{{OID: scripted.PasswordPolicyOID, Value: []byte{}}}, policy(func(p *directory.Policy) { p.Present = true; p.Undecodable = true })},
	"not BER":      {[]scripted.Control{{OID: scripted.PasswordPolicyOID, Value: []byte("nonsense")}}, policy(func(p *directory.Policy) { p.Present = true; p.Undecodable = true })},
	"cut short":    {[]scripted.Control{{OID: scripted.PasswordPolicyOID, Value: []byte{0x30, 3, 0x81, 1}}}, policy(func(p *directory.Policy) { p.Present = true; p.Undecodable = true })},
	"empty number": {[]scripted.Control{{OID: scripted.PasswordPolicyOID, Value: []byte{0x30, 2, 0x81, 0}}}, policy(func(p *directory.Policy) { p.Present = true; p.Undecodable = true })},
	"empty choice": {[]scripted.Control{{OID: scripted.PasswordPolicyOID, Value: []byte{0x30, 2, 0xa0, 0}}}, policy(func(p *directory.Policy) { p.Present = true; p.Undecodable = true })},
	"number of 9 bytes": {[]scripted.Control{{OID: scripted.PasswordPolicyOID, Value: []byte{0x30, 11, 0x81, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0}}},
		policy(func(p *directory.Policy) { p.Present = true; p.Undecodable = true })},
	"netscape expired":    {[]scripted.Control{{OID: scripted.NetscapeExpiredOID, Value: []byte("0")}}, policy(func(p *directory.Policy) { p.NetscapeExpired = true })},
	"netscape without":    {[]scripted.Control{{OID: scripted.NetscapeExpiredOID}}, policy(func(p *directory.Policy) { p.NetscapeExpired = true })},
	"netscape expiring":   {[]scripted.Control{{OID: scripted.NetscapeExpiringOID, Value: []byte("3600")}}, policy(func(p *directory.Policy) { p.NetscapeExpiresIn = 3600 })},
	"netscape nonsense":   {[]scripted.Control{{OID: scripted.NetscapeExpiringOID, Value: []byte("soon")}}, policy(func(p *directory.Policy) { p.Undecodable = true })},
	"netscape and policy": {[]scripted.Control{{OID: scripted.NetscapeExpiringOID, Value: []byte("5")}, scripted.Policy(scripted.None, 2, scripted.None)}, policy(func(p *directory.Policy) { p.Present = true; p.GraceLogins = 2; p.NetscapeExpiresIn = 5 })},
}

// TestPolicyControls: whatever stands beside a bind response, the result code
// is what it is, and the connection stays usable.
func TestPolicyControls(t *testing.T) {
	for name, test := range policyTests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newServer(t)
				d := piped(t, server)
				for _, code := range []int64{0, 49, 19} {
					server.Script(userBinds(answers(func(id int64) []byte {
						return scripted.Result(id, scripted.BindResponse, code, "", test.controls...)
					})))
					reply, err := bindAlice(t, d, alicePass)
					if err != nil || int64(reply.Code) != code || reply.Policy != test.want {
						t.Errorf("code %d: %+v, %v", code, reply, err)
					}
				}
				server.Script(scripted.Script{})
				if reply, err := bindAlice(t, d, alicePass); err != nil || reply.Code != 0 || reply.Policy != directory.NoPolicy {
					t.Errorf("after it: %+v, %v", reply, err)
				}
			})
		})
	}
}

// TestPolicyIsAskedFor: the request control is in every bind and change.
func TestPolicyIsAskedFor(t *testing.T) {
	server := newServer(t)
	asked := 0
	check := func(c *scripted.Conn, r *scripted.Request) {
		if _, there := r.Controls[scripted.PasswordPolicyOID]; there {
			asked++
		}
		if r.Op == scripted.BindRequest {
			c.DefaultBind(r)
		} else {
			c.DefaultExtended(r)
		}
	}
	server.Script(scripted.Script{Bind: check, Extended: check})
	d := piped(t, server)
	_, _, err := d.ChangePassword(within(t, time.Second), directory.PasswordChange{DN: aliceDN, Old: secretOf(alicePass), New: secretOf("new")})
	if err != nil || asked != 2 {
		t.Errorf("asked %d times, %v", asked, err)
	}
}
