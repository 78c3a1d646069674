package directory

import (
	"encoding/binary"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"github.com/goldap/goldap/pkg/secret"
)

// The attributes that hold a password: userPassword (RFC 4519, section 2.41)
// and that of Active Directory (MS-ADTS, section 3.1.1.3.1.5).
const (
	passwordAttribute   = "userPassword"
	adPasswordAttribute = "unicodePwd"
)

// way is one value of password_change.
type way struct {
	// extended: the change is an extended request (RFC 3062), not a modify
	// request.
	extended bool
	// supplyOld: the request of a user has the old password in it.
	supplyOld bool
	// attribute is what a modify request writes.
	attribute string
	// secure: the value must not go over a connection without TLS, whatever
	// the configuration allows.
	secure bool
	// encode makes a value of the attribute of a password that the request
	// replaces or supplies. store makes the new value; nil is encode.
	encode, store func(secret.Secret) (string, error)
}

// ways are the values of password_change. Empty is the usual one.
var ways = map[string]way{
	"":                 {extended: true},
	"exop":             {extended: true},
	"exop_send_old":    {extended: true, supplyOld: true},
	"clear":            {attribute: passwordAttribute, encode: clearText},
	"clear_remove_old": {attribute: passwordAttribute, encode: clearText, supplyOld: true},
	"nds":              {attribute: passwordAttribute, encode: clearText, supplyOld: true},
	"racf":             {attribute: passwordAttribute, encode: clearText, supplyOld: true},
	"crypt":            {attribute: passwordAttribute, encode: clearText, store: hashCrypt},
	"md5":              {attribute: passwordAttribute, encode: clearText, store: hashMD5},
	"sha":              {attribute: passwordAttribute, encode: clearText, store: hashSHA},
	"ssha":             {attribute: passwordAttribute, encode: clearText, store: hashSSHA},
	"ad":               {attribute: adPasswordAttribute, encode: quotedUTF16, supplyOld: true, secure: true},
}

// wayOf returns what a value of password_change means.
func wayOf(name string) (way, error) {
	w, known := ways[name]
	if !known {
		return way{}, fmt.Errorf("password_change %q: there is no such way", name)
	}
	if w.store == nil {
		w.store = w.encode
	}
	return w, nil
}

func clearText(password secret.Secret) (string, error) { return string(password.Bytes()), nil }

// quotedUTF16 returns the value of unicodePwd: the password in quotation marks,
// as UTF-16 with the low byte first.
func quotedUTF16(password secret.Secret) (string, error) {
	if !utf8.Valid(password.Bytes()) {
		return "", fmt.Errorf("%w: the password is not UTF-8", ErrRefused)
	}
	units := utf16.Encode([]rune(`"` + string(password.Bytes()) + `"`))
	value := make([]byte, 0, 2*len(units))
	for _, unit := range units {
		value = binary.LittleEndian.AppendUint16(value, unit)
	}
	return string(value), nil
}

// modifyRequest returns the modify request (RFC 4511, section 4.6) for a
// change. With supplyOld it takes the old value away and adds the new one, all
// or nothing; otherwise it replaces whatever there is.
func (w way) modifyRequest(dn string, change PasswordChange, supplyOld bool) (*ldap.ModifyRequest, error) {
	stored, err := w.store(change.New)
	if err != nil {
		return nil, fmt.Errorf("new password: %w", err)
	}
	request := ldap.NewModifyRequest(dn, nil)
	if !supplyOld {
		request.Replace(w.attribute, []string{stored})
		return request, nil
	}
	old, err := w.encode(change.Old)
	if err != nil {
		return nil, fmt.Errorf("old password: %w", err)
	}
	request.Delete(w.attribute, []string{old})
	request.Add(w.attribute, []string{stored})
	return request, nil
}
