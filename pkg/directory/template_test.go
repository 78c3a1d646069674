package directory

import (
	"reflect"
	"strings"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"github.com/goldap/goldap/test/scripted"
)

func TestTemplates(t *testing.T) {
	v := LoginVariables{
		Username: "alice", Service: "sshd", RUser: "", RHost: "*", TTY: "tty(1)", Hostname: "box", FQDN: "box.example.com",
		Domain: "example.com", DN: `cn=a\2cb (c),dc=d`,
	}
	for text, want := range map[string]string{
		"(uid=$username)":   "(uid=alice)",
		"uid=$uid":          "(uid=alice)",
		`(host=\\*)`:        `(host=\2a)`,
		`(host=\*)`:         `(host=*)`,
		`(host=\\2a)`:       `(host=\2a)`,
		`(host=a\\gb)`:      `(host=a\67b)`,
		`(host=a\\)`:        ``, // the parenthesis is a part of the value, and none ends the filter
		"(host=$rhost)":     `(host=\2a)`,
		"(host=$hostname*)": "(host=box*)",
		"(tty=$tty)":        `(tty=tty\281\29)`,
		"(member=$dn)":      `(member=cn=a\5c2cb \28c\29,dc=d)`,
		"(&(objectClass=posixAccount)(uid=$username)(|(authorizedService=$service)(!(authorizedService=*))))": "(&(objectClass=posixAccount)(uid=alice)(|(authorizedService=sshd)(!(authorizedService=*))))",
		"(&(uid=$username)${ruser:+(ruser=$ruser)}(x=${ruser:-none}))":                                        "(&(uid=alice)(x=none))",
		"(&(h=$fqdn)(d=$domain)(s=${service:0:3}))":                                                           "(&(h=box.example.com)(d=example.com)(s=ssh))",
		"(uid:caseExactMatch:=$username)":                                                                     "(uid:caseExactMatch:=alice)",
	} {
		parsed, err := parseTemplate(text)
		var got filter
		if err == nil {
			got, err = parsed.filter(v)
		}
		if (err != nil) != (want == "") || got.text != want {
			t.Errorf("%s became %q, %v; want %q", text, got.text, err, want)
		}
	}
}

func TestBadTemplates(t *testing.T) {
	for text, want := range map[string]string{
		"(uid=$user)":            "no variable $user",
		"(uid=${username)":       "at byte",
		"($username=x)":          "only stand in a value",
		"$username":              "only stand in a value",
		"(uid=x)$username":       "only stand in a value",
		"(&($service=a)(uid=b))": "only stand in a value",
		"(uid=x":                 "filter",
		"":                       "nothing is left",
		"${ruser:+(uid=$ruser)}": "nothing is left",
	} {
		if _, err := parseTemplate(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error with %q", text, err, want)
		}
	}
}

// FuzzTemplate: a value stays in its equality assertion, whatever it is.
func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{"alice", "*", "a)(uid=*", `\2a`, `\`, "\x00", "\xff\xfe", "é", "&(|", " x ", "=", "\n", "$dn", "${uid}", "}"} {
		f.Add(seed, seed)
	}
	templates, err := parseTemplates([]string{
		"(&(uid=$username)(host=x$rhost.y))",
		"(&(uid=$username)${rhost:+(host=x$rhost.y)})",
		"(&(uid=${ruser:-$username})(host=${ruser:-x$rhost}.y))",
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, user, host string) {
		if host == "" || user == "" {
			return
		}
		for _, one := range templates {
			text, err := one.filter(LoginVariables{Username: user, RHost: host})
			if err != nil {
				t.Fatalf("%q, %q: %v", user, host, err)
			}
			packet, err := ldap.CompileFilter(text.text)
			if err != nil {
				t.Fatalf("%q: %v", text.text, err)
			}
			got, err := scripted.ParseFilter(ber.DecodePacket(packet.Bytes()))
			if err != nil {
				t.Fatalf("%q: %v", text.text, err)
			}
			want := scripted.Filter{Kind: '&', Parts: []scripted.Filter{
				{Kind: '=', Attribute: "uid", Value: user}, {Kind: '=', Attribute: "host", Value: "x" + host + ".y"},
			}}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%q became %v", text.text, got)
			}
		}
	})
}
