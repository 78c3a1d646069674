package directory

import (
	"bytes"
	"testing"

	"github.com/jcmturner/gokrb5/v8/gssapi"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/types"
)

// testContext is a context whose server has proven itself, and a function that
// signs as that server.
func testContext(t testing.TB) (*gssContext, func(payload []byte) []byte) {
	t.Helper()
	key := types.EncryptionKey{KeyType: etypeID.AES256_CTS_HMAC_SHA1_96, KeyValue: bytes.Repeat([]byte{7}, 32)}
	sign := func(payload []byte) []byte {
		token := gssapi.WrapToken{Flags: sentByAcceptor, EC: 12, Payload: payload}
		if err := token.SetCheckSum(key, keyusage.GSSAPI_ACCEPTOR_SEAL); err != nil {
			t.Fatal(err)
		}
		b, err := token.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	return &gssContext{key: key, proven: true}, sign
}

// rotate rotates what follows the header to the right (RFC 4121, section
// 4.2.5).
func rotate(token []byte, by byte) []byte {
	b := append([]byte(nil), token...)
	b[7] = by
	body := b[gssapi.HdrLen:]
	at := len(body) - int(by)%len(body)
	copy(body, append(append([]byte(nil), body[at:]...), body[:at]...))
	return b
}

// TestLayers: goldap takes an offer of no security layer, signed by the server,
// and nothing else.
func TestLayers(t *testing.T) {
	c, sign := testContext(t)
	good := sign([]byte{7, 0, 255, 255})
	for name, token := range map[string][]byte{"plain": good, "rotated": rotate(good, 12), "rotated by more": rotate(good, 100)} {
		answer, err := c.next(token, "dn:cn=x")
		if err != nil || !bytes.Contains(answer, []byte("\x01\x00\x00\x00dn:cn=x")) {
			t.Errorf("%s: %x, %v", name, answer, err)
		}
	}
	forged := sign([]byte{7, 0, 255, 255})
	forged[gssapi.HdrLen] = 1
	ours := append([]byte(nil), good...)
	ours[2] = 0
	for name, token := range map[string][]byte{
		"demands signing": sign([]byte{6, 0, 255, 255}), "forged": forged, "our own, sent back": ours,
		"too long": sign([]byte{1, 0, 0, 0, 0}), "empty": {}, "header only": good[:gssapi.HdrLen],
		"no checksum": append(append([]byte{5, 4, 1, 0xff, 0, 0, 0, 0}, make([]byte, 8)...), 1, 0, 0, 0),
	} {
		if answer, err := c.next(token, ""); err == nil {
			t.Errorf("%s: %x", name, answer)
		}
	}
}

// TestSuccessWithoutProof: a server that cannot read the ticket cannot end the
// exchange with success.
func TestSuccessWithoutProof(t *testing.T) {
	c, _ := testContext(t)
	c.proven = false
	if _, err := new(kerberos).final(c, result{code: ResultSuccess}, nil); err == nil {
		t.Error("believed")
	}
}

// FuzzGSSAPI: tokens of a server without the key lead nowhere, and never to a
// panic that leaves guarded.
func FuzzGSSAPI(f *testing.F) {
	c, sign := testContext(f)
	f.Add(sign([]byte{1, 0, 0, 0}), true)
	f.Add(framed(tokenAPRep, []byte{0x6f, 0}), false)
	f.Add(framed(tokenError, []byte{0x7e, 0}), false)
	f.Fuzz(func(t *testing.T, token []byte, proven bool) {
		fresh := &gssContext{key: c.key, proven: proven}
		_ = guarded(func() { _, _ = fresh.next(token, "") })
		if !proven && fresh.proven {
			t.Errorf("proven by %x", token)
		}
	})
}
