package directory

import (
	"context"
	"slices"
	"strings"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// RootDSE is what a server says about itself (RFC 4512, section 5.1, RFC 3045,
// and [MS-ADTS] 3.1.1.3.2).
type RootDSE struct {
	Vendor Vendor
	// VendorName and VendorVersion are as the server says, often empty.
	VendorName, VendorVersion string
	NamingContexts            []string
	DefaultNamingContext      string
	// Controls, Extensions and Mechanisms (SASL) are what it supports.
	Controls, Extensions, Mechanisms []string
	// Time is the server's clock, zero if it does not tell, and Asked when it
	// was asked.
	Time, Asked time.Time
}

// Vendor is a kind of server.
type Vendor string

// The vendors whose ways goldap knows.
const (
	VendorUnknown         Vendor = "unknown"
	VendorOpenLDAP        Vendor = "OpenLDAP"
	Vendor389             Vendor = "389 Directory Server"
	VendorActiveDirectory Vendor = "Active Directory"
)

// oidActiveDirectory is a supportedCapabilities value of every domain controller,
// Samba's too ([MS-ADTS] 3.1.1.3.4.3).
const oidActiveDirectory = "1.2.840.113556.1.4.800"

// PasswordPolicy reports whether the server knows the password policy control
// (draft-behera-ldap-password-policy).
func (r RootDSE) PasswordPolicy() bool { return slices.Contains(r.Controls, oidPasswordPolicy) }

// PasswordModify reports whether it has the extended operation of RFC 3062.
func (r RootDSE) PasswordModify() bool { return slices.Contains(r.Extensions, oidPasswordModify) }

// ProposedBase returns the base DN that is most likely meant, "" if none is.
func (r RootDSE) ProposedBase() string {
	if r.DefaultNamingContext != "" {
		return r.DefaultNamingContext
	}
	for _, context := range r.NamingContexts {
		lower := strings.ToLower(context)
		if lower != "" && !strings.HasPrefix(lower, "cn=") && !strings.HasPrefix(lower, "o=netscaperoot") {
			return context
		}
	}
	return ""
}

// rootAttributes are asked for by name, since most are operational.
var rootAttributes = []string{
	"objectClass", "vendorName", "vendorVersion", "namingContexts", "defaultNamingContext", "supportedControl",
	"supportedExtension", "supportedSASLMechanisms", "supportedCapabilities", "currentTime",
}

// readRoot reads the root DSE. A server that shows nothing is unknown.
func (y *surveyor) readRoot(ctx context.Context) error {
	asked := time.Now()
	found, err := y.search(ctx, place{scope: ldap.ScopeBaseObject}, present("objectClass"), 1, rootAttributes...)
	if lost(err) {
		return err
	}
	y.result.Root = RootDSE{Vendor: VendorUnknown}
	if err == nil && len(found) > 0 {
		y.result.Root = rootOf(found[0], asked)
	}
	return nil
}

func rootOf(e entry, asked time.Time) RootDSE {
	r := RootDSE{
		VendorName: e.first("vendorName"), VendorVersion: e.first("vendorVersion"),
		NamingContexts: e.values("namingContexts"), DefaultNamingContext: e.first("defaultNamingContext"),
		Controls: e.values("supportedControl"), Extensions: e.values("supportedExtension"),
		Mechanisms: e.values("supportedSASLMechanisms"),
	}
	r.Vendor = vendorOf(e)
	if at, err := ber.ParseGeneralizedTime([]byte(e.first("currentTime"))); err == nil {
		r.Time, r.Asked = at.UTC(), asked
	}
	return r
}

func vendorOf(e entry) Vendor {
	name, version := strings.ToLower(e.first("vendorName")), strings.ToLower(e.first("vendorVersion"))
	openLDAP := func(class string) bool { return strings.EqualFold(class, "OpenLDAProotDSE") }
	switch {
	case e.has("supportedCapabilities", oidActiveDirectory):
		return VendorActiveDirectory
	case slices.ContainsFunc(e.values("objectClass"), openLDAP), strings.Contains(name, "openldap"):
		return VendorOpenLDAP
	case strings.Contains(name, "389"), strings.Contains(version, "389-directory"):
		return Vendor389
	}
	return VendorUnknown
}
