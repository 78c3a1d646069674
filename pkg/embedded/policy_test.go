package embedded_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
	"github.com/goldap/goldap/pkg/embedded"
	"github.com/goldap/goldap/pkg/secret"
)

// talk sends bytes and returns everything until the server hangs up.
func talk(t *testing.T, d *embedded.Directory, bytes []byte) []byte {
	t.Helper()
	c, err := net.Dial("tcp", d.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(bytes); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if len(answer) == 0 {
		t.Fatalf("no answer: %v", err)
	}
	return answer
}

// policyReply is the control of a response; -1 is "not said".
type policyReply struct{ failure, expires, grace int64 }

func behera(controls []ldap.Control) (policyReply, bool) {
	c, ok := ldap.FindControl(controls, ldap.ControlTypeBeheraPasswordPolicy).(*ldap.ControlBeheraPasswordPolicy)
	if !ok {
		return policyReply{}, false
	}
	return policyReply{int64(c.Error), c.Expire, c.Grace}, true
}

func policyBind(t *testing.T, c *ldap.Conn, dn, password string) (policyReply, error) {
	t.Helper()
	request := ldap.NewSimpleBindRequest(dn, password, []ldap.Control{ldap.NewControlBeheraPasswordPolicy()})
	r, err := c.SimpleBind(request)
	if r == nil {
		t.Fatal(err)
	}
	reply, ok := behera(r.Controls)
	if !ok {
		t.Fatalf("no policy control in %v (%v)", r.Controls, err)
	}
	return reply, err
}

func TestBindPolicy(t *testing.T) {
	none := policyReply{-1, -1, -1}
	for name, test := range map[string]struct {
		policy   embedded.Policy
		password string
		code     uint16
		want     policyReply
	}{
		"nothing to say":        {embedded.Policy{}, password, 0, none},
		"wrong":                 {embedded.Policy{}, "wrong", 49, none},
		"locked":                {embedded.Policy{Locked: true}, password, 49, policyReply{1, -1, -1}},
		"locked and wrong":      {embedded.Policy{Locked: true}, "wrong", 49, policyReply{1, -1, -1}},
		"expired":               {embedded.Policy{Expired: true}, password, 49, policyReply{0, -1, -1}},
		"expired and wrong":     {embedded.Policy{Expired: true}, "wrong", 49, none},
		"grace":                 {embedded.Policy{Expired: true, GraceLogins: 3}, password, 0, policyReply{-1, -1, 2}},
		"must change":           {embedded.Policy{MustChange: true}, password, 0, policyReply{2, -1, -1}},
		"expiring":              {embedded.Policy{ExpiresIn: 90 * time.Second}, password, 0, policyReply{-1, 90, -1}},
		"expiring, must change": {embedded.Policy{MustChange: true, ExpiresIn: time.Hour}, password, 0, policyReply{2, 3600, -1}},
	} {
		t.Run(name, func(t *testing.T) {
			o := options()
			o.Users = append(o.Users, user("dora", 5005, test.policy))
			c := secured(t, start(t, o), "")
			got, err := policyBind(t, c, embedded.UserDN("dora", base), test.password)
			wantCode(t, "bind", err, test.code)
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestGraceLoginsRunOut(t *testing.T) {
	o := options()
	o.Users = append(o.Users, user("dora", 5005, embedded.Policy{Expired: true, GraceLogins: 2}))
	c := secured(t, start(t, o), "")
	dora := embedded.UserDN("dora", base)
	for _, want := range []struct {
		code  uint16
		reply policyReply
	}{{0, policyReply{-1, -1, 1}}, {0, policyReply{-1, -1, 0}}, {49, policyReply{0, -1, -1}}} {
		got, err := policyBind(t, c, dora, password)
		wantCode(t, "bind", err, want.code)
		if got != want.reply {
			t.Errorf("got %+v, want %+v", got, want.reply)
		}
	}
}

func TestPolicyControlOnlyIfAsked(t *testing.T) {
	o := options()
	o.Users = append(o.Users, user("dora", 5005, embedded.Policy{Expired: true}))
	c := secured(t, start(t, o), "")
	r, err := c.SimpleBind(ldap.NewSimpleBindRequest(embedded.UserDN("dora", base), password, nil))
	wantCode(t, "bind", err, 49)
	if len(r.Controls) != 0 {
		t.Errorf("controls: %v", r.Controls)
	}
}

func TestNetscapeControls(t *testing.T) {
	o := options()
	o.NetscapeControls = true
	o.Users = append(o.Users,
		user("dora", 5005, embedded.Policy{Expired: true}),
		user("emil", 5006, embedded.Policy{ExpiresIn: time.Minute}),
		user("fred", 5007, embedded.Policy{MustChange: true}))
	c := secured(t, start(t, o), "")
	for name, want := range map[string]string{
		"dora": ldap.ControlTypeVChuPasswordMustChange,
		"emil": ldap.ControlTypeVChuPasswordWarning,
		"fred": ldap.ControlTypeVChuPasswordMustChange,
		"bob":  "",
	} {
		r, _ := c.SimpleBind(ldap.NewSimpleBindRequest(embedded.UserDN(name, base), password, nil))
		got := []string{}
		for _, control := range r.Controls {
			got = append(got, control.GetControlType())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: controls %v, want %q", name, got, want)
		}
	}
	r, _ := c.SimpleBind(ldap.NewSimpleBindRequest(embedded.UserDN("emil", base), password, nil))
	if w, ok := r.Controls[0].(*ldap.ControlVChuPasswordWarning); !ok || w.Expire != 60 {
		t.Errorf("warning: %v", r.Controls[0])
	}
}

func TestMustChangeAllowsNothingElse(t *testing.T) {
	o := options()
	o.Users = append(o.Users, user("dora", 5005, embedded.Policy{MustChange: true}))
	dora := embedded.UserDN("dora", base)
	c := secured(t, start(t, o), dora)
	_, err := find(c, dora, ldap.ScopeBaseObject, "(objectClass=*)")
	wantCode(t, "search", err, ldap.LDAPResultInsufficientAccessRights)
	_, err = c.PasswordModify(ldap.NewPasswordModifyRequest("", "", "a new password"))
	wantCode(t, "change", err, 0)
	got, err := policyBind(t, c, dora, "a new password")
	wantCode(t, "bind", err, 0)
	if got != (policyReply{-1, -1, -1}) {
		t.Errorf("after the change: %+v", got)
	}
	_, err = find(c, dora, ldap.ScopeBaseObject, "(objectClass=*)")
	wantCode(t, "search", err, 0)
}

// change sends a password modify request that asks for the policy control,
// which go-ldap's PasswordModify cannot do, and returns what came with the
// response, refused or not.
func change(t *testing.T, c *ldap.Conn, target, old, new string) (policyReply, error) {
	t.Helper()
	value := ber.NewSequence("")
	for tag, s := range []string{target, old, new} {
		if s != "" {
			value.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, ber.Tag(tag), s, ""))
		}
	}
	content := ber.Encode(ber.ClassContext, ber.TypePrimitive, 1, nil, "")
	content.AppendChild(value)
	request := ldap.NewExtendedRequest("1.3.6.1.4.1.4203.1.11.1", content)
	request.Controls = []ldap.Control{ldap.NewControlBeheraPasswordPolicy()}
	r, err := c.Extended(request)
	var controls []ldap.Control
	if r != nil {
		controls = r.Controls
	}
	if e, ok := err.(*ldap.Error); ok && e.Packet != nil && len(e.Packet.Children) == 3 {
		for _, child := range e.Packet.Children[2].Children {
			decoded, err := ldap.DecodeControl(child)
			if err != nil {
				t.Fatal(err)
			}
			controls = append(controls, decoded)
		}
	}
	reply, _ := behera(controls)
	return reply, err
}

func TestPasswordModify(t *testing.T) {
	bob, carol := embedded.UserDN("bob", base), embedded.UserDN("carol", base)
	const fresh = "a new password"
	none := policyReply{-1, -1, -1}
	for name, test := range map[string]struct {
		rule             embedded.PolicyError
		requireOld       bool
		as               string
		target, old, new string
		code             uint16
		want             policyReply
	}{
		"own":                  {0, false, bob, bob, "", fresh, 0, none},
		"own without a name":   {0, false, bob, "", "", fresh, 0, none},
		"own with dn:":         {0, false, bob, "dn:" + bob, "", fresh, 0, none},
		"own with old":         {0, false, bob, bob, password, fresh, 0, none},
		"wrong old":            {0, false, bob, bob, "wrong", fresh, 53, none},
		"old required":         {0, true, bob, bob, "", fresh, 50, policyReply{4, -1, -1}},
		"old required, given":  {0, true, bob, bob, password, fresh, 0, none},
		"too short":            {0, false, bob, bob, "", "short", 19, policyReply{6, -1, -1}},
		"unchanged":            {0, false, bob, bob, "", password, 19, policyReply{8, -1, -1}},
		"too young":            {embedded.PasswordTooYoung, false, bob, bob, "", fresh, 19, policyReply{7, -1, -1}},
		"poor":                 {embedded.InsufficientPasswordQuality, false, bob, bob, "", fresh, 19, policyReply{5, -1, -1}},
		"not allowed":          {embedded.PasswordModNotAllowed, false, bob, bob, "", fresh, 50, policyReply{3, -1, -1}},
		"somebody else's":      {0, false, carol, bob, "", fresh, 50, none},
		"as pseudouser":        {0, false, pseudouser, bob, "", fresh, 50, none},
		"as admin":             {0, true, admin, bob, "", fresh, 0, none},
		"as admin, not asked":  {embedded.PasswordTooYoung, false, admin, bob, "", "short", 0, none},
		"as admin, wrong old":  {0, false, admin, bob, "wrong", fresh, 53, none},
		"as admin, unknown":    {0, false, admin, embedded.UserDN("nobody", base), "", fresh, 32, none},
		"as admin, no account": {0, false, admin, embedded.UserDN("mute", base), "", fresh, 32, none},
		"not a DN":             {0, false, bob, "bob", "", fresh, 34, none},
		"none given":           {0, false, bob, bob, "", "", 53, none},
		"anonymous":            {0, false, "", bob, "", fresh, 50, none},
	} {
		t.Run(name, func(t *testing.T) {
			o := options()
			o.RequireOldPassword = test.requireOld
			o.Users[1].Policy = embedded.Policy{ExpiresIn: time.Hour, RefuseChange: test.rule}
			d := start(t, o)
			got, err := change(t, secured(t, d, test.as), test.target, test.old, test.new)
			wantCode(t, "change", err, test.code)
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			checkPassword(t, d, bob, test.new, test.code == 0)
		})
	}
}

// checkPassword binds with the new password if it was changed, with the old
// one if not.
func checkPassword(t *testing.T, d *embedded.Directory, dn, fresh string, changed bool) {
	t.Helper()
	now, count := password, uint64(0)
	if changed {
		now, count = fresh, 1
	}
	got, err := policyBind(t, secured(t, d, ""), dn, now)
	wantCode(t, "bind afterwards", err, 0)
	if want := map[bool]int64{true: -1, false: 3600}[changed]; got.expires != want {
		t.Errorf("expires in %d afterwards, want %d", got.expires, want)
	}
	if got := d.Counts().PasswordChanges; got != count {
		t.Errorf("%d changes counted, want %d", got, count)
	}
}

func TestMalformedPasswordModify(t *testing.T) {
	c := secured(t, start(t, options()), embedded.UserDN("bob", base))
	for _, value := range []string{"nonsense", "\x30\x03\x87\x01x"} {
		content := ber.NewString(ber.ClassContext, ber.TypePrimitive, 1, value, "")
		_, err := c.Extended(ldap.NewExtendedRequest("1.3.6.1.4.1.4203.1.11.1", content))
		wantCode(t, value, err, ldap.LDAPResultProtocolError)
	}
}

func TestSetPolicyAndPassword(t *testing.T) {
	d := start(t, options())
	c := secured(t, d, "")
	bob := embedded.UserDN("bob", base)
	if err := d.SetPolicy(bob, embedded.Policy{Locked: true}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "locked", c.Bind(bob, password), 49)
	if err := d.SetPolicy(bob, embedded.Policy{}); err != nil {
		t.Fatal(err)
	}
	if err := d.SetPassword(bob, secret.FromString("another one")); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "old password", c.Bind(bob, password), 49)
	wantCode(t, "new password", c.Bind(bob, "another one"), 0)
	for _, dn := range []string{"nonsense", embedded.UserDN("nobody", base), embedded.UserDN("mute", base)} {
		if d.SetPolicy(dn, embedded.Policy{}) == nil || d.SetPassword(dn, secret.Secret{}) == nil {
			t.Errorf("no error for %q", dn)
		}
	}
}
