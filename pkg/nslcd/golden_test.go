package nslcd_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/goldap/goldap/test/wire"
)

func TestRequestsSurviveDecodingAndEncoding(t *testing.T) {
	for _, frame := range wire.Read(t, "lookups.txt", "maps.txt", "pam.txt", "usermod.txt", "explain.txt", "about.txt") {
		t.Run(frame.Name, func(t *testing.T) {
			request, err := nslcd.ReadRequest(iotest.OneByteReader(bytes.NewReader(frame.Request)))
			if err != nil {
				t.Fatal(err)
			}
			var again bytes.Buffer
			if err := nslcd.WriteRequest(&again, request); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(again.Bytes(), frame.Request) {
				t.Errorf("encoded again:\n%x\nwant\n%x", again.Bytes(), frame.Request)
			}
		})
	}
}

// refusal returns the error for a frame of refused.txt, by what its name says.
func refusal(name string) error {
	switch {
	case strings.HasPrefix(name, "version-"):
		return nslcd.ErrVersion
	case strings.HasPrefix(name, "family-"):
		return nslcd.ErrFamily
	case strings.HasPrefix(name, "action-"):
		return nslcd.ErrAction
	case strings.HasPrefix(name, "no-"), strings.HasPrefix(name, "half-"):
		return io.ErrUnexpectedEOF
	case strings.Contains(name, "-nul"):
		return nslcd.ErrNUL
	default:
		return nslcd.ErrLength
	}
}

func TestRefusedRequests(t *testing.T) {
	for _, frame := range wire.Read(t, "refused.txt") {
		t.Run(frame.Name, func(t *testing.T) {
			request, err := nslcd.ReadRequest(bytes.NewReader(frame.Request))
			if want := refusal(frame.Name); !errors.Is(err, want) {
				t.Errorf("error %v, want %v", err, want)
			}
			if !reflect.DeepEqual(request, nslcd.Request{}) {
				t.Errorf("a request came out: %+v", request)
			}
		})
	}
}

func TestNothingAtAllIsEOF(t *testing.T) {
	if _, err := nslcd.ReadRequest(strings.NewReader("")); err != io.EOF {
		t.Errorf("request: %v", err)
	}
	if err := nslcd.NewAnswerReader(strings.NewReader("")).Header(nslcd.ActionAuthorize); err != io.EOF {
		t.Errorf("answer: %v", err)
	}
}

func TestResponsesSurviveDecodingAndEncoding(t *testing.T) {
	for _, frame := range wire.Read(t, "lookups.txt", "maps.txt", "pam.txt", "usermod.txt", "explain.txt", "about.txt") {
		t.Run(frame.Name, func(t *testing.T) {
			request, err := nslcd.ReadRequest(bytes.NewReader(frame.Request))
			if err != nil {
				t.Fatal(err)
			}
			var again bytes.Buffer
			err = transcode(&again, iotest.OneByteReader(bytes.NewReader(frame.Response)), request.Action)
			unavailable := strings.HasSuffix(frame.Name, "-unavailable") && !isPAM(request.Action)
			if unavailable != errors.Is(err, io.ErrUnexpectedEOF) || !unavailable && err != nil {
				t.Fatalf("error %v, unavailable %v", err, unavailable)
			}
			if !bytes.Equal(again.Bytes(), frame.Response) {
				t.Errorf("encoded again:\n%x\nwant\n%x", again.Bytes(), frame.Response)
			}
		})
	}
}

func isPAM(action nslcd.Action) bool {
	return action>>16 == 0x000d || action == nslcd.ActionLogin || action == nslcd.ActionAdmit
}

// transcode decodes the response to action and encodes what it says.
func transcode(dst io.Writer, src io.Reader, action nslcd.Action) error {
	answer, response := nslcd.NewAnswerReader(src), nslcd.NewResponse(dst, action)
	defer response.Flush()
	if err := answer.Header(action); err != nil {
		return err
	}
	for {
		more, err := answer.Next()
		if err != nil {
			return err
		}
		if !more {
			response.End()
			return nil
		}
		if err := copyEntry(response, answer, action); err != nil {
			return err
		}
	}
}

func copyEntry(response *nslcd.Response, answer *nslcd.AnswerReader, action nslcd.Action) error {
	switch action {
	case nslcd.ActionConfigGet:
		value, err := answer.Config()
		return errors.Join(err, response.Config(value))
	case nslcd.ActionGroupByName, nslcd.ActionGroupByGID, nslcd.ActionGroupByMember, nslcd.ActionGroupAll:
		group, password, err := answer.Group()
		return errors.Join(err, response.Group(group, password))
	case nslcd.ActionPasswdByName, nslcd.ActionPasswdByUID, nslcd.ActionPasswdAll:
		account, password, err := answer.Passwd()
		return errors.Join(err, response.Passwd(account, password))
	case nslcd.ActionShadowByName, nslcd.ActionShadowAll:
		shadow, password, err := answer.Shadow()
		return errors.Join(err, response.Shadow(shadow, password))
	case nslcd.ActionAuthenticate:
		v, err := answer.Authentication()
		return errors.Join(err, response.Authenticated(v))
	case nslcd.ActionLogin:
		v, err := answer.Login()
		return errors.Join(err, response.LoggedIn(v))
	case nslcd.ActionAdmit:
		v, err := answer.Admission()
		return errors.Join(err, response.Admitted(v))
	case nslcd.ActionAuthorize, nslcd.ActionChangePassword:
		v, err := answer.Verdict()
		return errors.Join(err, response.Verdict(v))
	case nslcd.ActionSessionOpen:
		id, err := answer.SessionID()
		return errors.Join(err, response.SessionOpened(id))
	case nslcd.ActionSessionClose:
		return response.SessionClosed()
	case nslcd.ActionExplain:
		return copied(answer.Step, response.Step)
	case nslcd.ActionPaths:
		return copied(answer.Membership, response.Membership)
	case nslcd.ActionSSHKeys:
		return copied(answer.SSHKeys, response.SSHKeys)
	case nslcd.ActionUserMod:
		refused, err := answer.Modified()
		return errors.Join(err, response.Modified(refused))
	default:
		return copyMapEntry(response, answer, action)
	}
}

func copyMapEntry(response *nslcd.Response, answer *nslcd.AnswerReader, action nslcd.Action) error {
	switch action >> 16 {
	case nslcd.ActionAliasAll >> 16:
		return copied(answer.Alias, response.Alias)
	case nslcd.ActionEtherAll >> 16:
		return copied(answer.Ether, response.Ether)
	case nslcd.ActionHostAll >> 16:
		return copied(answer.Host, response.Host)
	case nslcd.ActionNetgroupAll >> 16:
		return copied(answer.Netgroup, response.Netgroup)
	case nslcd.ActionNetworkAll >> 16:
		return copied(answer.Network, response.Network)
	case nslcd.ActionProtocolAll >> 16:
		return copied(answer.Protocol, response.Protocol)
	case nslcd.ActionRPCAll >> 16:
		return copied(answer.RPC, response.RPC)
	case nslcd.ActionServiceAll >> 16:
		return copied(answer.Service, response.Service)
	default:
		return fmt.Errorf("no entries for %v", action)
	}
}

func copied[T any](read func() (T, error), write func(T) error) error {
	value, err := read()
	return errors.Join(err, write(value))
}

// No beginning of a response may be taken for a whole one.
func TestTruncatedResponses(t *testing.T) {
	for _, frame := range wire.Read(t, "lookups.txt", "maps.txt", "pam.txt", "usermod.txt", "explain.txt", "about.txt") {
		request, err := nslcd.ReadRequest(bytes.NewReader(frame.Request))
		if err != nil {
			t.Fatal(err)
		}
		for length := range frame.Response {
			err := transcode(io.Discard, bytes.NewReader(frame.Response[:length]), request.Action)
			if !errors.Is(err, io.ErrUnexpectedEOF) && !(length == 0 && err == io.EOF) {
				t.Errorf("%s cut to %d bytes: error %v", frame.Name, length, err)
			}
		}
	}
}
