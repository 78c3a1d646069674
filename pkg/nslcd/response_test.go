package nslcd_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/goldap/goldap/test/wire"
)

func TestMessagesAreCutAtARune(t *testing.T) {
	for name, test := range map[string]struct {
		message string
		length  int
	}{
		"short":        {"ä", 2},
		"as long":      {strings.Repeat("x", 1023), 1023},
		"one too many": {strings.Repeat("x", 1024), 1023},
		"two bytes":    {strings.Repeat("ä", 512), 1022},
		"three bytes":  {strings.Repeat("☃", 400), 1023},
		"four bytes":   {strings.Repeat("😀", 256), 1020},
		"not UTF-8":    {strings.Repeat("\x80", 2000), 1019},
		"NUL":          {"before\x00after", 6},
	} {
		t.Run(name, func(t *testing.T) {
			var sent bytes.Buffer
			response := nslcd.NewResponse(&sent, nslcd.ActionAuthorize)
			if err := response.Verdict(nslcd.Verdict{Message: test.message}); err != nil {
				t.Fatal(err)
			}
			response.End()
			if err := response.Flush(); err != nil {
				t.Fatal(err)
			}
			got := readVerdict(t, &sent).Message
			if len(got) != test.length || !strings.HasPrefix(test.message, got) {
				t.Errorf("%d bytes came through, want %d", len(got), test.length)
			}
			if utf8.ValidString(test.message) && !utf8.ValidString(got) {
				t.Error("cut inside a rune")
			}
		})
	}
}

func readVerdict(t *testing.T, sent *bytes.Buffer) nslcd.Verdict {
	t.Helper()
	answer := nslcd.NewAnswerReader(sent)
	if err := answer.Header(nslcd.ActionAuthorize); err != nil {
		t.Fatal(err)
	}
	if more, err := answer.Next(); !more || err != nil {
		t.Fatal(more, err)
	}
	verdict, err := answer.Verdict()
	if err != nil {
		t.Fatal(err)
	}
	return verdict
}

func TestEntriesThatCannotBeSentLeaveNothingBehind(t *testing.T) {
	var members []string
	for len(members) < nslcd.MaxEntry/8 {
		members = append(members, "member")
	}
	var sent bytes.Buffer
	response := nslcd.NewResponse(&sent, nslcd.ActionGroupByName)
	if err := response.Group(account.Group{Name: "big", Members: members}, "*"); !errors.Is(err, nslcd.ErrLength) {
		t.Errorf("entry above 2 MiB: %v", err)
	}
	if err := response.Group(account.Group{Name: "a\x00b"}, "*"); !errors.Is(err, nslcd.ErrNUL) {
		t.Errorf("NUL in a name: %v", err)
	}
	good := account.Group{Name: "empty", GID: 20101}
	if err := response.Group(good, "*"); err != nil {
		t.Errorf("good entry after bad ones: %v", err)
	}
	response.End()
	if err := response.Flush(); err != nil {
		t.Fatal(err)
	}
	if want := frameNamed(t, "group-by-name-no-members").Response; !bytes.Equal(sent.Bytes(), want) {
		t.Errorf("sent %x\nwant %x", sent.Bytes(), want)
	}
}

// The largest entry that may be sent can be read again.
func TestLargestEntry(t *testing.T) {
	const around = 4 + 4 + 4 + 1 + 4 + 4 // marker, name, password "*", gid, count
	members := make([]string, (nslcd.MaxEntry-around)/16)
	for i := range members {
		members[i] = "member-12345"
	}
	var sent bytes.Buffer
	response := nslcd.NewResponse(&sent, nslcd.ActionGroupByName)
	if err := response.Group(account.Group{Members: members}, "*"); err != nil {
		t.Fatal(err)
	}
	if err := response.Flush(); err != nil {
		t.Fatal(err)
	}
	answer := nslcd.NewAnswerReader(&sent)
	if err := answer.Header(nslcd.ActionGroupByName); err != nil {
		t.Fatal(err)
	}
	if more, err := answer.Next(); !more || err != nil {
		t.Fatal(more, err)
	}
	if group, _, err := answer.Group(); err != nil || len(group.Members) != len(members) {
		t.Errorf("%d members, %v", len(group.Members), err)
	}
}

func frameNamed(t *testing.T, name string) wire.Frame {
	t.Helper()
	for _, frame := range wire.Read(t, "lookups.txt", "maps.txt", "pam.txt", "usermod.txt", "refused.txt") {
		if frame.Name == name {
			return frame
		}
	}
	t.Fatalf("there is no frame %s", name)
	return wire.Frame{}
}

func TestShadowFlagThatIsNotSetIsZero(t *testing.T) {
	none := int32(account.NotSet)
	shadow := account.Shadow{Name: "max", LastChange: none, Min: none, Max: none, Warn: none,
		Inactive: none, Expire: none, Flag: none}
	var sent bytes.Buffer
	response := nslcd.NewResponse(&sent, nslcd.ActionShadowByName)
	if err := response.Shadow(shadow, "*"); err != nil {
		t.Fatal(err)
	}
	response.End()
	if err := response.Flush(); err != nil {
		t.Fatal(err)
	}
	if want := frameNamed(t, "shadow-by-name-nothing-set").Response; !bytes.Equal(sent.Bytes(), want) {
		t.Errorf("sent %x\nwant %x", sent.Bytes(), want)
	}
}

func TestDecodedEntries(t *testing.T) {
	frame := frameNamed(t, "passwd-by-uid-largest")
	answer := nslcd.NewAnswerReader(bytes.NewReader(frame.Response))
	if err := answer.Header(nslcd.ActionPasswdByUID); err != nil {
		t.Fatal(err)
	}
	if more, err := answer.Next(); !more || err != nil {
		t.Fatal(more, err)
	}
	got, password, err := answer.Passwd()
	want := account.Account{Name: "max", UID: 4294967294, GID: 4294967294, Gecos: "Zoë 日本"}
	if diff := cmp.Diff(want, got); diff != "" || password != "*" || err != nil {
		t.Errorf("password %q, error %v, (-want +got):\n%s", password, err, diff)
	}
}

func TestAnswersToSomethingElse(t *testing.T) {
	frame := frameNamed(t, "passwd-by-name").Response
	if err := nslcd.NewAnswerReader(bytes.NewReader(frame)).Header(nslcd.ActionGroupByName); !errors.Is(err, nslcd.ErrAction) {
		t.Errorf("other action: %v", err)
	}
	frame[3] = 1
	if err := nslcd.NewAnswerReader(bytes.NewReader(frame)).Header(nslcd.ActionPasswdByName); !errors.Is(err, nslcd.ErrVersion) {
		t.Errorf("other version: %v", err)
	}
	frame[3], frame[11] = 2, 3
	answer := nslcd.NewAnswerReader(bytes.NewReader(frame))
	if err := answer.Header(nslcd.ActionPasswdByName); err != nil {
		t.Fatal(err)
	}
	if more, err := answer.Next(); more || !errors.Is(err, nslcd.ErrMarker) {
		t.Errorf("other marker: %v, %v", more, err)
	}
}
