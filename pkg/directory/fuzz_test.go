package directory

import (
	"bytes"
	"context"
	"net"
	"runtime"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/secret"
	"github.com/goldap/goldap/test/scripted"
)

// FuzzFilter: whatever the value is, the filter is one equality assertion with
// just that value.
func FuzzFilter(f *testing.F) {
	for _, seed := range []string{"alice", "*", "a)(uid=*", "\\2a", "\\", "\x00", "\xff\xfe", "é", "&(|", " x ", "=", "\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		text := and(equal("objectClass", "posixAccount"), or(equal("uid", value), filter{})).text
		packet, err := ldap.CompileFilter(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		got, err := scripted.ParseFilter(ber.DecodePacket(packet.Bytes()))
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if got.Kind != '&' || len(got.Parts) != 2 {
			t.Fatalf("%q became %v", text, got)
		}
		if uid := got.Parts[1]; uid.Kind != '=' || uid.Attribute != "uid" || uid.Value != value || len(uid.Parts) > 0 {
			t.Errorf("%q became %v", text, uid)
		}
	})
}

// responseSeeds are what servers answer to the first request, and what they
// should not.
func responseSeeds() [][]byte {
	entry := scripted.Entry{DN: "uid=a,dc=b", Attributes: map[string][]string{"uid": {"a"}, "uidNumber": {"1000"}, "gidNumber": {"1"}}}
	group := scripted.Entry{DN: "cn=a,dc=b", Attributes: map[string][]string{"cn": {"a"}, "gidNumber": {"1"},
		"member": {"cn=a,dc=b", "cn=c,dc=b"}, "uniqueMember": {"uid=d#'0'B"}, "memberUid": {"e", ""}}}
	done := scripted.Result(1, scripted.SearchDone, 0, "")
	return [][]byte{
		scripted.Result(1, scripted.BindResponse, 0, ""),
		scripted.Result(1, scripted.BindResponse, 49, "no", scripted.Policy(-1, 3, 9)),
		scripted.Result(1, scripted.BindResponse, 65536, ""),
		scripted.Result(1, scripted.ExtendedResponse, 0, ""),
		append(scripted.EntryMessage(1, entry), done...),
		append(scripted.EntryMessage(1, group), done...),
		append(scripted.Reference(1, "ldap://x"), done...),
		scripted.Referral(1, scripted.SearchDone, "ldap://x"),
		scripted.Result(1, scripted.SearchDone, 0, "", scripted.PagingControl(5)),
		scripted.Notice(),
		{0x30, 0x84, 0x7f, 0xff, 0xff, 0xff},
		{0x30, 0x84, 0x00, 0xff, 0xff, 0xff, 0x02, 0x01, 0x01},
		{0x30, 0x80, 0x02, 0x01, 0x01},
		{},
	}
}

// answering returns a directory whose server answers every request with the
// same bytes and hangs up.
func answering(t testing.TB, answer []byte) *Directory {
	dial := func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer func() { _ = server.Close() }()
			if _, err := ber.ReadPacket(server); err == nil {
				_, _ = server.Write(answer)
			}
		}()
		return client, nil
	}
	d, err := New(config.Directory{
		Name: "fuzz", URIs: []string{"ldap://one.example"}, Base: "dc=b", NestedGroups: true,
		TLS: config.TLS{Mode: modeOff, AllowClearText: true},
	}, Options{Dial: dial})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// isBindSuccess decodes the first message of b without this package's code.
func isBindSuccess(b []byte) bool {
	packet, err := ber.ReadPacket(bytes.NewReader(b))
	if err != nil || len(packet.Children) < 2 || packet.Children[0].Value != int64(1) {
		return false
	}
	op := packet.Children[1]
	return op.ClassType == ber.ClassApplication && op.Tag == scripted.BindResponse && len(op.Children) >= 3 &&
		op.Children[0].Value == int64(0)
}

// FuzzResponses: no bytes from a server crash, hang, exhaust memory, or become
// a success that is not there.
func FuzzResponses(f *testing.F) {
	for _, seed := range responseSeeds() {
		f.Add(seed)
	}
	password := secret.FromString("password")
	f.Fuzz(func(t *testing.T, answer []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		d := answering(t, answer)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		reply, err := d.BindAsUser(ctx, "uid=a,dc=b", password)
		if err == nil && reply.Code == ResultSuccess && !isBindSuccess(answer) {
			t.Errorf("success out of %x", answer)
		}
		if found, err := d.AccountByName(ctx, "a"); err == nil && found.Name != "a" {
			t.Errorf("account %+v", found)
		}
		if _, err := d.GroupsOfMember(ctx, "a", "uid=a,dc=b"); err != nil && ctx.Err() != nil {
			t.Errorf("took too long: %v", err)
		}
		if found, err := d.GroupByName(ctx, "a"); err == nil && found.Name != "a" || ctx.Err() != nil {
			t.Errorf("group %+v, %v", found, err)
		}
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20+uint64(len(answer))*4096 {
			t.Errorf("%d bytes of memory for %d bytes of answer", used, len(answer))
		}
	})
}

// TestMemoryForHostileMessages: messages that are small on the wire and large
// in memory.
func TestMemoryForHostileMessages(t *testing.T) {
	tiny := bytes.Repeat([]byte{0x05, 0x00}, 4<<20)
	for name, answer := range map[string][]byte{
		"tiny elements":   append([]byte{0x30, 0x83, 0x80, 0x00, 0x00}, tiny...),
		"tiny attributes": append([]byte{0x30, 0x84, 0x00, 0x80, 0x00, 0x09, 2, 1, 1, 0x64, 0x84, 0x00, 0x80, 0x00, 0x00}, tiny...),
		"claims 16 MiB":   {0x30, 0x83, 0xff, 0xff, 0xff, 0x02, 0x01, 0x01},
	} {
		t.Run(name, func(t *testing.T) {
			d := answering(t, answer)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if _, err := d.AccountByName(t.Context(), "a"); err == nil {
				t.Error("no error")
			}
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > 128<<20 {
				t.Errorf("%d MiB of memory", used>>20)
			}
		})
	}
}

// TestGuarded: a panic in the library is an error of the request.
func TestGuarded(t *testing.T) {
	_, err := call(t.Context(), func() (int, error) { panic("in the library") })
	if !noAnswer(err) {
		t.Errorf("error %v", err)
	}
	if _, err := parseDN("uid=a+,,\\zz"); err == nil {
		t.Error("no error for what is not a DN")
	}
}
