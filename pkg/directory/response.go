package directory

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Object identifiers of controls and operations.
const (
	oidStartTLS         = "1.3.6.1.4.1.1466.20037"
	oidPasswordModify   = "1.3.6.1.4.1.4203.1.11.1"
	oidPasswordPolicy   = "1.3.6.1.4.1.42.2.27.8.5.1"
	oidNetscapeExpired  = "2.16.840.1.113730.3.4.4"
	oidNetscapeExpiring = "2.16.840.1.113730.3.4.5"
)

// result is an LDAPResult (RFC 4511, section 4.1.9) and the controls beside it.
type result struct {
	code       int64
	diagnostic string
	controls   []byte
	// rest is what follows in the operation: referral, serverSaslCreds.
	rest []byte
}

// parseResult decodes message, whose operation must be op.
func parseResult(message []byte, op byte) (result, error) {
	body, _, err := expect(message, tagSequence)
	if err != nil {
		return result{}, err
	}
	if _, body, err = expect(body, tagInteger); err != nil {
		return result{}, fmt.Errorf("message id: %w", err)
	}
	operation, rest, err := expect(body, op)
	if err != nil {
		return result{}, fmt.Errorf("operation: %w", err)
	}
	r, err := parseLDAPResult(operation)
	if err != nil {
		return result{}, err
	}
	if len(rest) > 0 {
		// Whatever stands there is judged by policyOf.
		r.controls = rest
	}
	return r, nil
}

// parseLDAPResult decodes resultCode, matchedDN and diagnosticMessage.
func parseLDAPResult(operation []byte) (result, error) {
	number, operation, err := expect(operation, tagEnumerated)
	if err != nil {
		return result{}, fmt.Errorf("result code: %w", err)
	}
	code, err := integer(number)
	if err != nil {
		return result{}, fmt.Errorf("result code: %w", err)
	}
	if code < 0 || code > math.MaxInt32 {
		return result{}, fmt.Errorf("result code %d", code)
	}
	if _, operation, err = expect(operation, tagOctetString); err != nil {
		return result{}, fmt.Errorf("matched DN: %w", err)
	}
	diagnostic, rest, err := expect(operation, tagOctetString)
	if err != nil {
		return result{}, fmt.Errorf("diagnostic message: %w", err)
	}
	return result{code: code, diagnostic: string(diagnostic), rest: rest}, nil
}

// field returns the contents of an optional field behind the diagnostic
// message, by its tag.
func (r result) field(tag byte) ([]byte, bool) {
	for rest := r.rest; len(rest) > 0; {
		found, content, behind, err := element(rest)
		if err != nil {
			return nil, false
		}
		if found == tag {
			return content, true
		}
		rest = behind
	}
	return nil, false
}

// referral returns the URIs in referral (RFC 4511, section 4.1.10).
func (r result) referral() string {
	rest, _ := r.field(tagReferral)
	var uris []string
	for len(rest) > 0 {
		var uri []byte
		var err error
		if uri, rest, err = expect(rest, tagOctetString); err != nil {
			break
		}
		uris = append(uris, string(uri))
	}
	return strings.Join(uris, " ")
}

// replyOf turns the response to a bind or an extended request into a Reply.
func replyOf(message []byte, op byte) (Reply, error) {
	if message == nil {
		return noReply, violation("no response was kept")
	}
	r, err := parseResult(message, op)
	if err != nil {
		return noReply, violation("response: %w", err)
	}
	return Reply{Code: int(r.code), Diagnostic: r.diagnostic, Referral: r.referral(), Policy: policyOf(r.controls)}, nil
}

// policyOf reads the controls that speak about passwords. Others are ignored;
// anything that cannot be understood sets Undecodable.
func policyOf(field []byte) Policy {
	policy := NoPolicy
	if len(field) == 0 {
		return policy
	}
	controls, _, err := expect(field, tagControls)
	for err == nil && len(controls) > 0 {
		var control []byte
		if control, controls, err = expect(controls, tagSequence); err == nil {
			err = policy.read(control)
		}
	}
	if err != nil {
		policy.Undecodable = true
	}
	return policy
}

// read adds one control (RFC 4511, section 4.1.11) to p.
func (p *Policy) read(control []byte) error {
	oid, rest, err := expect(control, tagOctetString)
	if err != nil {
		return err
	}
	value, err := controlValue(rest)
	if err != nil {
		return err
	}
	switch string(oid) {
	case oidPasswordPolicy:
		p.Present = true
		return p.readBehera(value)
	case oidNetscapeExpired:
		p.NetscapeExpired = true
	case oidNetscapeExpiring:
		seconds, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil || seconds < 0 {
			return errors.New("value of the expiring control")
		}
		p.NetscapeExpiresIn = seconds
	}
	return nil
}

// controlValue returns the controlValue behind an optional criticality.
func controlValue(rest []byte) ([]byte, error) {
	if len(rest) > 0 && rest[0] == tagBoolean {
		var err error
		if _, rest, err = expect(rest, tagBoolean); err != nil {
			return nil, err
		}
	}
	if len(rest) == 0 {
		return nil, nil
	}
	value, _, err := expect(rest, tagOctetString)
	return value, err
}

// readBehera decodes PasswordPolicyResponseValue (draft-behera-ldap-password-
// policy-10, section 6.2):
//
//	SEQUENCE {
//	   warning [0] CHOICE {
//	      timeBeforeExpiration [0] INTEGER,
//	      graceAuthNsRemaining [1] INTEGER } OPTIONAL,
//	   error   [1] ENUMERATED OPTIONAL }
func (p *Policy) readBehera(value []byte) error {
	body, _, err := expect(value, tagSequence)
	if err != nil {
		return err
	}
	for len(body) > 0 {
		var tag byte
		var content []byte
		if tag, content, body, err = element(body); err != nil {
			return err
		}
		switch tag {
		case 0xa0:
			err = p.readWarning(content)
		case 0x81:
			err = p.readError(content)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *Policy) readWarning(choice []byte) error {
	tag, content, _, err := element(choice)
	if err != nil {
		return err
	}
	number, err := integer(content)
	if err != nil {
		return err
	}
	if number < 0 {
		return fmt.Errorf("warning of %d", number)
	}
	switch tag {
	case 0x80:
		p.ExpiresIn = number
	case 0x81:
		p.GraceLogins = number
	}
	return nil
}

func (p *Policy) readError(content []byte) error {
	number, err := integer(content)
	if err != nil {
		return err
	}
	if number < 0 || number > math.MaxInt32 {
		return fmt.Errorf("policy error %d", number)
	}
	p.Error = int(number)
	return nil
}
