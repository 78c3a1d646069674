package nslcd_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/goldap/goldap/pkg/secret"
	"github.com/goldap/goldap/test/wire"
)

func secretsByBytes(a, b secret.Secret) bool { return bytes.Equal(a.Bytes(), b.Bytes()) }

func TestDecodedRequests(t *testing.T) {
	ssh := nslcd.PAM{User: "ada", Service: "sshd", RHost: "client.example.org", TTY: "ssh"}
	passwd := nslcd.PAM{User: "ada", Service: "passwd", TTY: "pts/0"}
	want := map[string]nslcd.Request{
		"passwd-by-name":          {Action: nslcd.ActionPasswdByName, Name: "ada"},
		"passwd-by-uid-largest":   {Action: nslcd.ActionPasswdByUID, ID: math.MaxUint32 - 1},
		"passwd-by-name-bad-utf8": {Action: nslcd.ActionPasswdByName, Name: "\xff\xfe*()\\\n"},
		"group-by-name":           {Action: nslcd.ActionGroupByName, Name: "engineers"},
		"group-by-gid":            {Action: nslcd.ActionGroupByGID, ID: 20100},
		"groups-of-member":        {Action: nslcd.ActionGroupByMember, Name: "ada"},
		"shadow-by-name":          {Action: nslcd.ActionShadowByName, Name: "ada"},
		"nslcd-ether-by-ether":    {Action: nslcd.ActionEtherByEther, Ether: account.EtherAddr{0, 0x18, 0x8a, 0x54, 0x1a, 0x0e}},
		"nslcd-host-by-address":   {Action: nslcd.ActionHostByAddr, Address: netip.MustParseAddr("10.1.2.3")},
		"nslcd-rpc-by-number":     {Action: nslcd.ActionRPCByNumber, Number: 150001},
		"nslcd-service-by-name":   {Action: nslcd.ActionServiceByName, Name: "ssvcalias", Protocol: "udp"},
		"config-unknown-option":   {Action: nslcd.ActionConfigGet, Option: 99},
		"authenticate":            {Action: nslcd.ActionAuthenticate, PAM: ssh, Password: secret.FromString("correct horse")},
		"login":                   {Action: nslcd.ActionLogin, Budget: 10 * time.Second, PAM: ssh, Password: secret.FromString("correct horse")},
		"login-administrator": {Action: nslcd.ActionLogin, Budget: 10 * time.Second, AsRoot: true, PAM: ssh,
			Password: secret.FromString("root horse")},
		"admit": {Action: nslcd.ActionAdmit, Budget: 10 * time.Second, PAM: ssh},
		"authenticate-4096-byte-password": {Action: nslcd.ActionAuthenticate, PAM: ssh,
			Password: secret.FromString(strings.Repeat("p", 4096))},
		"usermod-home-and-bad-shell": {Action: nslcd.ActionUserMod, PAM: nslcd.PAM{User: "ada"}, Password: secret.FromString("correct horse"),
			Fields: []nslcd.FieldValue{{Field: nslcd.FieldHome, Text: "/srv/ada"}, {Field: nslcd.FieldShell, Text: "/bin/no"}}},
		"usermod-as-root-no-administrator-password": {Action: nslcd.ActionUserMod, PAM: nslcd.PAM{User: "ada"}, AsRoot: true,
			Fields: []nslcd.FieldValue{{Field: nslcd.FieldHome, Text: "/no/where"}}},
		"authorize":    {Action: nslcd.ActionAuthorize, PAM: ssh},
		"session-open": {Action: nslcd.ActionSessionOpen, PAM: ssh},
		"nslcd-session-close": {Action: nslcd.ActionSessionClose, SessionID: "abc",
			PAM: nslcd.PAM{User: "ok", Service: "su", RUser: "root", TTY: "pts/0"}},
		"password": {Action: nslcd.ActionChangePassword, PAM: passwd,
			Password: secret.FromString("correct horse"), NewPassword: secret.FromString("battery staple")},
		"password-as-root": {Action: nslcd.ActionChangePassword, PAM: passwd, AsRoot: true,
			Password: secret.FromString("root horse"), NewPassword: secret.FromString("battery staple")},
	}
	for _, frame := range wire.Read(t, "lookups.txt", "maps.txt", "pam.txt", "usermod.txt") {
		expected, listed := want[frame.Name]
		if !listed {
			continue
		}
		delete(want, frame.Name)
		got, err := nslcd.ReadRequest(bytes.NewReader(frame.Request))
		if err != nil {
			t.Errorf("%s: %v", frame.Name, err)
		}
		if diff := cmp.Diff(expected, got, cmp.Comparer(secretsByBytes), cmpopts.EquateComparable(netip.Addr{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", frame.Name, diff)
		}
	}
	for name := range want {
		t.Errorf("there is no frame %s", name)
	}
}

func TestBytesAfterARequestAreIgnored(t *testing.T) {
	frame := wire.Read(t, "lookups.txt")[0].Request
	request, err := nslcd.ReadRequest(bytes.NewReader(append(append([]byte(nil), frame...), frame...)))
	if err != nil || request.Name != "ok" {
		t.Errorf("%+v, %v", request, err)
	}
}

func TestWriteRequestRefusesWhatNoServerTakes(t *testing.T) {
	long := strings.Repeat("x", nslcd.MaxName+1)
	for name, test := range map[string]struct {
		request nslcd.Request
		want    error
	}{
		"action": {nslcd.Request{Action: 0x000e0002}, nslcd.ErrAction},
		"long value": {nslcd.Request{Action: nslcd.ActionUserMod, Fields: []nslcd.FieldValue{
			{Field: nslcd.FieldHome, Text: strings.Repeat("h", nslcd.MaxValue+1)}}}, nslcd.ErrLength},
		"many values": {nslcd.Request{Action: nslcd.ActionUserMod,
			Fields: slices.Repeat([]nslcd.FieldValue{{Field: 9, Text: strings.Repeat("h", nslcd.MaxValue)}}, 17)}, nslcd.ErrLength},
		"long name":    {nslcd.Request{Action: nslcd.ActionPasswdByName, Name: long}, nslcd.ErrLength},
		"NUL in name":  {nslcd.Request{Action: nslcd.ActionPasswdByName, Name: "a\x00"}, nslcd.ErrNUL},
		"long user":    {nslcd.Request{Action: nslcd.ActionAuthorize, PAM: nslcd.PAM{User: long}}, nslcd.ErrLength},
		"long session": {nslcd.Request{Action: nslcd.ActionSessionClose, SessionID: long}, nslcd.ErrLength},
		"long password": {nslcd.Request{Action: nslcd.ActionAuthenticate,
			Password: secret.New(make([]byte, nslcd.MaxPassword+1))}, nslcd.ErrLength},
		"NUL in password": {nslcd.Request{Action: nslcd.ActionAuthenticate,
			Password: secret.FromString("a\x00b")}, nslcd.ErrNUL},
	} {
		var sent bytes.Buffer
		if err := nslcd.WriteRequest(&sent, test.request); !errors.Is(err, test.want) || sent.Len() > 0 {
			t.Errorf("%s: error %v, %d bytes sent", name, err, sent.Len())
		}
	}
}

// keeper remembers the slice it was given, as a hostile io.Writer would.
type keeper struct{ kept []byte }

func (k *keeper) Write(p []byte) (int, error) {
	if k.kept != nil {
		return 0, errors.New("second write")
	}
	k.kept = p
	return len(p), nil
}

func TestWriteRequestWipesItsCopy(t *testing.T) {
	var sent keeper
	err := nslcd.WriteRequest(&sent, nslcd.Request{
		Action:      nslcd.ActionChangePassword,
		PAM:         nslcd.PAM{User: "u", Service: "s", RUser: "r", RHost: "h", TTY: "t"},
		Password:    secret.FromString(strings.Repeat("o", nslcd.MaxPassword)),
		NewPassword: secret.FromString(strings.Repeat("n", nslcd.MaxPassword)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(sent.kept) < 2*nslcd.MaxPassword || !bytes.Equal(sent.kept, make([]byte, len(sent.kept))) {
		t.Errorf("%d bytes left in the buffer that was written from", len(sent.kept))
	}
}

func TestConnectionErrorsPassThrough(t *testing.T) {
	frame := wire.Read(t, "pam.txt")[0].Request
	broken := errors.New("broken")
	for length := range frame {
		src := io.MultiReader(bytes.NewReader(frame[:length]), iotest.ErrReader(broken))
		if _, err := nslcd.ReadRequest(src); !errors.Is(err, broken) {
			t.Errorf("after %d bytes: %v", length, err)
		}
	}
}

// Fields are bounded by the request: the number of them is nobody's word.
func TestFieldsAreBoundedByTheRequest(t *testing.T) {
	frame := wire.Read(t, "usermod.txt")[0].Request
	endless := append(append([]byte(nil), frame[:len(frame)-4]...), bytes.Repeat([]byte{0, 0, 0, 9, 0, 0, 0, 0}, 9000)...)
	request, err := nslcd.ReadRequest(bytes.NewReader(endless))
	if !errors.Is(err, nslcd.ErrLength) || request.Fields != nil {
		t.Errorf("%d fields, %v", len(request.Fields), err)
	}
}
