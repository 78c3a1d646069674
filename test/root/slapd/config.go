package slapd

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"strings"
	"text/template"
)

//go:embed config.ldif
var configText string

// activeDirectory is a schema of our own.
//
//go:embed ad.ldif
var activeDirectory []byte

// sshSchema is that of ssh keys in directories.
//
//go:embed openssh-lpk.ldif
var sshSchema []byte

var configTemplate = template.Must(template.New("config").Parse(configText))

// configValues are what config.ldif leaves open.
type configValues struct {
	Base, PseudouserDN, AdminDN, AdminPassword string
	Certificate, Key, CA, Data, Schema         string
	Host, ClientName                           string
	LimitedDN, ActiveDirectory, SSHSchema      string
	LimitedSize                                int
	Unindexed                                  bool // but for objectClass
	Peculiar                                   bool
	CopyOf                                     string
}

// config returns the server's configuration as LDIF for slapadd -n 0.
func config(values configValues) ([]byte, error) {
	var out bytes.Buffer
	if err := configTemplate.Execute(&out, values); err != nil {
		return nil, fmt.Errorf("configuration of slapd: %w", err)
	}
	return out.Bytes(), nil
}

// bisSchema writes the packaged NIS schema to path with posixGroup auxiliary,
// as in RFC 2307bis, so that a groupOfNames can be one.
func bisSchema(path string) error {
	const packaged = "/etc/ldap/schema/nis.ldif"
	data, err := os.ReadFile(packaged)
	if err != nil {
		return fmt.Errorf("the NIS schema: %w", err)
	}
	unfolded := strings.ReplaceAll(string(data), "\n ", "")
	changed := strings.Replace(unfolded,
		"'Abstraction of a group of accounts' SUP top STRUCTURAL",
		"'Abstraction of a group of accounts' SUP top AUXILIARY", 1)
	if changed == unfolded {
		return fmt.Errorf("%s has no structural posixGroup", packaged)
	}
	return os.WriteFile(path, []byte(changed), 0o644)
}
