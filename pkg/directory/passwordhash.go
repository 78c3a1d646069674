package directory

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"

	"github.com/go-crypt/crypt/algorithm"
	"github.com/go-crypt/crypt/algorithm/md5crypt"
	"github.com/go-crypt/crypt/algorithm/shacrypt"

	"github.com/goldap/goldap/pkg/secret"
)

// cryptRounds is how often SHA-512 goes around in crypt(5): the number that a
// hash without one stands for.
const cryptRounds = shacrypt.IterationsDefaultOmitted

// saltSize is that of {SSHA}, in bytes.
const saltSize = 16

// hashCrypt returns a hash of crypt(5) by SHA-512 ($6$), in the form of
// userPassword (RFC 2307, section 5.3). PADL's DES looked at 8 characters only.
func hashCrypt(password secret.Secret) (string, error) {
	hasher, err := shacrypt.New(shacrypt.WithVariant(shacrypt.VariantSHA512), shacrypt.WithIterations(cryptRounds))
	if err != nil {
		return "", err
	}
	return encodeCrypt(hasher.Hash(string(password.Bytes())))
}

// hashMD5 is hashCrypt by MD5 ($1$), for sites with systems that know nothing
// better.
func hashMD5(password secret.Secret) (string, error) {
	hasher, err := md5crypt.New(md5crypt.WithVariant(md5crypt.VariantStandard))
	if err != nil {
		return "", err
	}
	return encodeCrypt(hasher.Hash(string(password.Bytes())))
}

func encodeCrypt(digest algorithm.Digest, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return "{crypt}" + digest.Encode(), nil
}

// hashSHA returns {SHA} and the digest, without salt.
func hashSHA(password secret.Secret) (string, error) {
	return encodeSHA("{SHA}", password, nil), nil
}

// hashSSHA returns {SSHA} and the digest with a random salt behind it.
func hashSSHA(password secret.Secret) (string, error) {
	salt := make([]byte, saltSize)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	return encodeSHA("{SSHA}", password, salt), nil
}

func encodeSHA(scheme string, password secret.Secret, salt []byte) string {
	digest := sha1.New()
	digest.Write(password.Bytes())
	digest.Write(salt)
	return scheme + base64.StdEncoding.EncodeToString(append(digest.Sum(nil), salt...))
}
