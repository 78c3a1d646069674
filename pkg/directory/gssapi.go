package directory

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
	"github.com/jcmturner/gokrb5/v8/client"
	krbconfig "github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/credentials"
	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/gssapi"
	"github.com/jcmturner/gokrb5/v8/iana/chksumtype"
	"github.com/jcmturner/gokrb5/v8/iana/flags"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"github.com/goldap/goldap/pkg/config"
)

// tagSASLCreds is serverSaslCreds of a bind response (RFC 4511, section 4.2.2).
const tagSASLCreds = 0x87

// kerberos is the identity that goldap has in a realm. The files are read for
// each bind: whoever keeps a credential cache or a keytab fresh replaces them.
type kerberos struct {
	realm, principal       string
	keytab, cache, krbConf string
}

func newKerberos(cfg config.SASL) (*kerberos, error) {
	k := &kerberos{
		realm: cfg.Realm, principal: cfg.Principal, keytab: cfg.Keytab,
		cache: strings.TrimPrefix(cfg.CredentialCache, "FILE:"), krbConf: cfg.KerberosConfig,
	}
	if k.krbConf == "" {
		k.krbConf = "/etc/krb5.conf"
	}
	if (k.keytab == "") == (k.cache == "") {
		return nil, errors.New("SASL GSSAPI needs either a keytab or a credential_cache")
	}
	if _, err := loadKerberosConfig(k.krbConf); err != nil {
		return nil, err
	}
	if k.keytab != "" {
		if _, err := k.keyClient(krbconfig.New()); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// bind is the client's part of RFC 4752, section 3.1: a ticket for the server,
// its answer to that, and the agreement on no security layer, for TLS is there
// already. What fails before the server was asked is not the server's fault.
func (k *kerberos) bind(ctx context.Context, x *saslExchange, host, authzID string) (Reply, error) {
	c, err := call(ctx, func() (*gssContext, error) { return k.context("ldap/" + host) })
	if err != nil {
		return noReply, fmt.Errorf("%w: Kerberos: %w", errBusy, unwrapped{err})
	}
	token := c.request
	for steps := 0; steps < 4; steps++ {
		r, err := x.step(token)
		if err != nil || r.code != ldap.LDAPResultSaslBindInProgress {
			return k.final(c, r, err)
		}
		said, _ := r.field(tagSASLCreds)
		if token, err = c.next(said, authzID); err != nil {
			return noReply, violation("GSSAPI: %w", err)
		}
	}
	return noReply, violation("GSSAPI: the server wants to go on and on")
}

// final is the reply at the end of the exchange. A success before the server
// has proven who it is would be none.
func (k *kerberos) final(c *gssContext, r result, err error) (Reply, error) {
	if err == nil && r.code == ResultSuccess && !c.proven {
		err = violation("GSSAPI: success before the server has proven itself")
	}
	return r.reply(), err
}

// context gets a ticket for the service and begins a security context.
func (k *kerberos) context(service string) (*gssContext, error) {
	conf, err := loadKerberosConfig(k.krbConf)
	if err != nil {
		return nil, err
	}
	var krb *client.Client
	if k.keytab != "" {
		krb, err = k.keyClient(conf)
	} else {
		krb, err = k.cacheClient(conf)
	}
	if err != nil {
		return nil, err
	}
	defer krb.Destroy()
	ticket, key, err := krb.GetServiceTicket(service)
	if err != nil {
		return nil, fmt.Errorf("ticket for %s: %w", service, err)
	}
	c, err := newContext(krb.Credentials, ticket, key)
	if err != nil {
		return nil, fmt.Errorf("request for %s: %w", service, err)
	}
	return c, nil
}

// The tokens of a context being set up (RFC 4121, section 4.1).
const (
	tokenAPReq = "\x01\x00"
	tokenAPRep = "\x02\x00"
	tokenError = "\x03\x00"
)

// oidKerberos is the object identifier 1.2.840.113554.1.2.2 (RFC 1964), encoded.
const oidKerberos = "\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"

// tagToken is the frame around such a token (RFC 2743, section 3.1).
const tagToken = 0x60

func framed(id string, message []byte) []byte {
	frame := ber.Encode(ber.ClassApplication, ber.TypeConstructed, 0, nil, "")
	frame.Data.WriteString(oidKerberos + id)
	frame.Data.Write(message)
	return frame.Bytes()
}

// unframed returns the id and the message of a token.
func unframed(token []byte) (id string, message []byte, err error) {
	body, rest, err := expect(token, tagToken)
	if err != nil || len(rest) > 0 {
		return "", nil, fmt.Errorf("not a token: %w", errors.Join(err, errTruncated))
	}
	behind, found := strings.CutPrefix(string(body), oidKerberos)
	if !found || len(behind) < 2 {
		return "", nil, errors.New("not a token of Kerberos")
	}
	return behind[:2], []byte(behind[2:]), nil
}

// newContext begins a context: its request proves to a service that we have a
// ticket, and wants it to prove that it could read that. The checksum says
// what we want of the context (RFC 4121, section 4.1.1): no channel binding,
// mutual authentication and integrity.
func newContext(who *credentials.Credentials, ticket messages.Ticket, key types.EncryptionKey) (*gssContext, error) {
	proof, err := types.NewAuthenticator(who.Domain(), who.CName())
	if err != nil {
		return nil, err
	}
	wanted := make([]byte, 24)
	binary.LittleEndian.PutUint32(wanted, 16)
	binary.LittleEndian.PutUint32(wanted[20:], gssapi.ContextFlagMutual|gssapi.ContextFlagInteg)
	proof.Cksum = types.Checksum{CksumType: chksumtype.GSSAPI, Checksum: wanted}
	request, err := messages.NewAPReq(ticket, key, proof)
	if err != nil {
		return nil, err
	}
	types.SetFlag(&request.APOptions, flags.APOptionMutualRequired)
	message, err := request.Marshal()
	if err != nil {
		return nil, err
	}
	return &gssContext{key: key, request: framed(tokenAPReq, message), asked: proof.CTime, askedMicro: proof.Cusec}, nil
}

// loadKerberosConfig reads krb5.conf(5) as far as gokrb5 does: it does not
// know include and includedir, and passes over what else it does not know.
func loadKerberosConfig(path string) (*krbconfig.Config, error) {
	conf, err := krbconfig.Load(path)
	var unsupported krbconfig.UnsupportedDirective
	if err != nil && !errors.As(err, &unsupported) {
		return nil, fmt.Errorf("configuration of Kerberos %s: %w", path, err)
	}
	return conf, nil
}

// keyClient is whoever has the key in the keytab: the configured principal or
// the first.
func (k *kerberos) keyClient(conf *krbconfig.Config) (*client.Client, error) {
	keys, err := keytab.Load(k.keytab)
	if err != nil {
		return nil, fmt.Errorf("keytab %s: %w", k.keytab, err)
	}
	name, realm := k.principal, k.realm
	if at := strings.LastIndexByte(name, '@'); at >= 0 {
		name, realm = name[:at], name[at+1:]
	}
	for _, entry := range keys.Entries {
		own := strings.Join(entry.Principal.Components, "/")
		if (name == "" || name == own) && (realm == "" || realm == entry.Principal.Realm) {
			return client.NewWithKeytab(own, entry.Principal.Realm, keys, conf, client.DisablePAFXFAST(true)), nil
		}
	}
	return nil, fmt.Errorf("keytab %s: no key of principal %q in realm %q", k.keytab, name, realm)
}

// cacheClient is whoever has the tickets in the credential cache.
func (k *kerberos) cacheClient(conf *krbconfig.Config) (*client.Client, error) {
	data, err := os.ReadFile(k.cache)
	if err != nil {
		return nil, fmt.Errorf("credential cache: %w", err)
	}
	cache := new(credentials.CCache)
	err = guarded(func() { err = cache.Unmarshal(data) })
	if err != nil {
		return nil, fmt.Errorf("credential cache %s: %w", k.cache, err)
	}
	return client.NewFromCCache(cache, conf, client.DisablePAFXFAST(true))
}

// gssContext is a security context being set up (RFC 4121).
type gssContext struct {
	request    []byte              // the first token
	key        types.EncryptionKey // of the ticket's session
	asked      time.Time           // the moment in the first token, which the proof repeats
	askedMicro int
	subkey     *types.EncryptionKey // the server's, if it chose one
	proven     bool                 // the server has shown that it has the service's key
}

// next returns the answer to a token of the server: nothing to its proof, and
// our choice to its offer of security layers.
func (c *gssContext) next(token []byte, authzID string) ([]byte, error) {
	if c.proven {
		return c.choose(token, authzID)
	}
	return nil, c.prove(token)
}

// prove checks the server's AP-REP.
func (c *gssContext) prove(token []byte) error {
	id, message, err := unframed(token)
	if err != nil {
		return err
	}
	switch id {
	case tokenAPRep:
	case tokenError:
		var refusal messages.KRBError
		if err := refusal.Unmarshal(message); err != nil {
			return err
		}
		return refusal
	default:
		return errors.New("the server did not prove itself")
	}
	var answer messages.APRep
	if err := answer.Unmarshal(message); err != nil {
		return err
	}
	plain, err := crypto.DecryptEncPart(answer.EncPart, c.key, keyusage.AP_REP_ENCPART)
	if err != nil {
		return fmt.Errorf("the server's proof: %w", err)
	}
	var part messages.EncAPRepPart
	if err := part.Unmarshal(plain); err != nil {
		return fmt.Errorf("the server's proof: %w", err)
	}
	if part.CTime.Unix() != c.asked.Unix() || part.Cusec != c.askedMicro {
		return errors.New("the server's proof is for another request")
	}
	if part.Subkey.KeyType != 0 {
		c.subkey = &part.Subkey
	}
	c.proven = true
	return nil
}

// Flags of a token (RFC 4121, section 4.2.2).
const (
	sentByAcceptor = 1 << iota
	sealed
	acceptorSubkey
)

// noLayer is the bit for no security layer (RFC 4752, section 3.3).
const noLayer = 1

// choose answers the offer of security layers with none, and says whom goldap
// acts as.
func (c *gssContext) choose(token []byte, authzID string) ([]byte, error) {
	offer, err := c.unwrap(token)
	if err != nil {
		return nil, err
	}
	if len(offer) != 4 {
		return nil, fmt.Errorf("offer of %d bytes", len(offer))
	}
	if offer[0]&noLayer == 0 {
		return nil, errors.New("the server demands signing or sealing, which goldap has not: use TLS and let the server count that")
	}
	return c.wrap(append([]byte{noLayer, 0, 0, 0}, authzID...))
}

// activeKey is the key that tokens are made with.
func (c *gssContext) activeKey() types.EncryptionKey {
	if c.subkey != nil {
		return *c.subkey
	}
	return c.key
}

// wrap signs data (RFC 4121, section 4.2.4, without confidentiality).
func (c *gssContext) wrap(data []byte) ([]byte, error) {
	key := c.activeKey()
	kind, err := crypto.GetEtype(key.KeyType)
	if err != nil {
		return nil, err
	}
	token := gssapi.WrapToken{EC: uint16(kind.GetHMACBitLength() / 8), Payload: data}
	if c.subkey != nil {
		token.Flags = acceptorSubkey
	}
	if err := token.SetCheckSum(key, keyusage.GSSAPI_INITIATOR_SEAL); err != nil {
		return nil, err
	}
	return token.Marshal()
}

// unwrap checks a signed token of the server and returns its data. The
// checksum may have been rotated to the front (RFC 4121, section 4.2.5).
func (c *gssContext) unwrap(b []byte) ([]byte, error) {
	if len(b) < gssapi.HdrLen || b[0] != 0x05 || b[1] != 0x04 || b[3] != 0xff {
		return nil, errors.New("not a signed token")
	}
	if b[2]&sentByAcceptor == 0 || b[2]&sealed != 0 {
		return nil, fmt.Errorf("token with flags %#x", b[2])
	}
	checksum, rotated := int(binary.BigEndian.Uint16(b[4:6])), int(binary.BigEndian.Uint16(b[6:8]))
	body := b[gssapi.HdrLen:]
	if checksum == 0 || checksum > len(body) {
		return nil, fmt.Errorf("checksum of %d bytes", checksum)
	}
	rotated %= len(body)
	body = append(append([]byte(nil), body[rotated:]...), body[:rotated]...)
	token := gssapi.WrapToken{
		Flags: b[2], SndSeqNum: binary.BigEndian.Uint64(b[8:16]),
		Payload: body[:len(body)-checksum], CheckSum: body[len(body)-checksum:],
	}
	key := c.key
	if b[2]&acceptorSubkey != 0 {
		key = c.activeKey()
	}
	if _, err := token.Verify(key, keyusage.GSSAPI_ACCEPTOR_SEAL); err != nil {
		return nil, errors.New("the checksum of the server's token is wrong")
	}
	return token.Payload, nil
}
