package nslcd

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/secret"
)

func authenticate(password string) []byte {
	var frame bytes.Buffer
	err := WriteRequest(&frame, Request{
		Action: ActionAuthenticate, PAM: PAM{User: "ada"}, Password: secret.FromString(password),
	})
	if err != nil {
		panic(err)
	}
	return frame.Bytes()
}

func TestWipeLeavesNothingReadAhead(t *testing.T) {
	r := NewRequestReader(bytes.NewReader(authenticate("hunter2")))
	if _, err := r.Header(); err != nil {
		t.Fatal(err)
	}
	request, err := r.Body()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(r.in.buf, []byte("hunter2")) {
		t.Fatal("the password was not read ahead: the test shows nothing")
	}
	r.Wipe()
	if !bytes.Equal(r.in.buf, make([]byte, readAhead)) {
		t.Errorf("left: %q", r.in.buf)
	}
	if string(request.Password.Bytes()) != "hunter2" {
		t.Errorf("the request lost its password: %q", request.Password.Bytes())
	}
}

// watcher hands out src and remembers where the bytes went.
type watcher struct {
	src   io.Reader
	sizes []int
}

func (w *watcher) Read(p []byte) (int, error) {
	w.sizes = append(w.sizes, len(p))
	return w.src.Read(p)
}

func TestLongPasswordsAreReadInPlace(t *testing.T) {
	frame := authenticate(strings.Repeat("p", 4096))
	src := &watcher{src: bytes.NewReader(frame)}
	request, err := ReadRequest(src)
	if err != nil {
		t.Fatal(err)
	}
	rest := len(frame) - readAhead
	if len(src.sizes) != 2 || src.sizes[0] != readAhead || src.sizes[1] != rest {
		t.Errorf("reads of %v bytes, want %v", src.sizes, []int{readAhead, rest})
	}
	if request.Password.Len() != 4096 {
		t.Errorf("password of %d bytes", request.Password.Len())
	}
}

func TestBudgetBoundsTheSumOfFields(t *testing.T) {
	in := reader{src: strings.NewReader(strings.Repeat("x", 100)), buf: make([]byte, 8), left: 10}
	if err := in.read(make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	if err := in.read(make([]byte, 3)); !errors.Is(err, ErrLength) {
		t.Errorf("read: %v", err)
	}
	if err := in.readPast(make([]byte, 3)); !errors.Is(err, ErrLength) {
		t.Errorf("readPast: %v", err)
	}
	if err := in.read(make([]byte, 2)); err != nil {
		t.Errorf("what the budget allows: %v", err)
	}
}

// A response that promises much and sends nothing must not cost memory.
func TestLengthsAreCheckedBeforeAllocation(t *testing.T) {
	for name, words := range map[string][]uint32{
		"name of 2 GiB":      {2, uint32(ActionGroupByName), 1, 1<<31 - 1},
		"name of -1":         {2, uint32(ActionGroupByName), 1, 1<<32 - 1},
		"name of -2^31":      {2, uint32(ActionGroupByName), 1, 1 << 31},
		"2^31-1 members":     {2, uint32(ActionGroupByName), 1, 0, 0, 100, 1<<31 - 1},
		"-1 members":         {2, uint32(ActionGroupByName), 1, 0, 0, 100, 1<<32 - 1},
		"1 MiB of members":   {2, uint32(ActionGroupByName), 1, 0, 0, 100, 1 << 20},
		"member of 2^31 - 1": {2, uint32(ActionGroupByName), 1, 0, 0, 100, 1, 1<<31 - 1},
	} {
		t.Run(name, func(t *testing.T) {
			var frame []byte
			for _, word := range words {
				frame = binary.BigEndian.AppendUint32(frame, word)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := readOneGroup(frame)
			runtime.ReadMemStats(&after)
			if !errors.Is(err, ErrLength) {
				t.Errorf("error %v", err)
			}
			if spent := after.TotalAlloc - before.TotalAlloc; spent > 1<<20 {
				t.Errorf("%d bytes allocated", spent)
			}
		})
	}
}

func readOneGroup(frame []byte) error {
	answer := NewAnswerReader(bytes.NewReader(frame))
	if err := answer.Header(ActionGroupByName); err != nil {
		return err
	}
	if _, err := answer.Next(); err != nil {
		return err
	}
	_, _, err := answer.Group()
	return err
}

func TestEveryActionHasANameAndFields(t *testing.T) {
	if len(actionNames) != len(requestFields) {
		t.Errorf("%d names for %d actions", len(actionNames), len(requestFields))
	}
	for action := range requestFields {
		if _, named := actionNames[action]; !named {
			t.Errorf("%v has no name", action)
		}
	}
}

func TestRequestSizeIsABound(t *testing.T) {
	request := Request{
		PAM: PAM{"u", "s", "r", "h", "t"}, Name: "n", SessionID: "i", ID: 1, Option: 1, AsRoot: true,
		Password: secret.FromString("old"), NewPassword: secret.FromString("new"),
	}
	for action := range requestFields {
		request.Action = action
		var out writer
		if err := encodeRequest(&out, request); err != nil {
			t.Fatal(err)
		}
		if len(out.buf) > requestSize(request) {
			t.Errorf("%v: %d bytes, the bound is %d", action, len(out.buf), requestSize(request))
		}
	}
}
