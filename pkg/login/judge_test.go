package login

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
)

var update = flag.Bool("update", false, "write the golden files anew")

// codes are all result codes of RFC 4511, the ones of go-ldap for failures of
// its own, and numbers that would be success if somebody cut them short.
func codes() []int {
	var list []int
	for code := 0; code <= 123; code++ {
		list = append(list, code)
	}
	return append(list, 200, 201, 206, 255, 256, 4096, 65536, 1<<31, -1)
}

// policies are all single facts that controls can state, and the mixtures of
// an error with a warning.
func policies() map[string]directory.Policy {
	list := map[string]directory.Policy{"none": directory.NoPolicy}
	add := func(name string, change func(*directory.Policy)) {
		p := directory.NoPolicy
		change(&p)
		list[name] = p
	}
	for policyError := 0; policyError <= 10; policyError++ {
		add(fmt.Sprintf("error %d", policyError), func(p *directory.Policy) { p.Present, p.Error = true, policyError })
		add(fmt.Sprintf("error %d with grace 3", policyError), func(p *directory.Policy) {
			p.Present, p.Error, p.GraceLogins = true, policyError, 3
		})
	}
	add("present", func(p *directory.Policy) { p.Present = true })
	add("undecodable", func(p *directory.Policy) { p.Present, p.Undecodable = true, true })
	add("grace 0", func(p *directory.Policy) { p.Present, p.GraceLogins = true, 0 })
	add("grace 1", func(p *directory.Policy) { p.Present, p.GraceLogins = true, 1 })
	add("expires in 90 s", func(p *directory.Policy) { p.Present, p.ExpiresIn = true, 90 })
	add("netscape expired", func(p *directory.Policy) { p.NetscapeExpired = true })
	add("netscape expired with grace 3", func(p *directory.Policy) { p.Present, p.NetscapeExpired, p.GraceLogins = true, true, 3 })
	add("netscape expires in 3 days", func(p *directory.Policy) { p.NetscapeExpiresIn = 3 * 86400 })
	return list
}

func describe(v verdict) string {
	d := v.decision("alice")
	return fmt.Sprintf("%s/%s (%s) %q", d.Outcome, d.Authorization, d.Rule, d.Message)
}

// table is the truth table: for each phase and policy the verdict on every
// code, codes with the same verdict and policies with the same verdicts taken
// together.
func table() string {
	var out strings.Builder
	all := policies()
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, ph := range []struct {
		phase phase
		name  string
	}{{phaseBind, "bind"}, {phaseChange, "change"}} {
		order, byVerdicts := []string{}, map[string][]string{}
		for _, name := range names {
			var block strings.Builder
			writeCodes(&block, ph.phase, all[name])
			if byVerdicts[block.String()] == nil {
				order = append(order, block.String())
			}
			byVerdicts[block.String()] = append(byVerdicts[block.String()], name)
		}
		for _, block := range order {
			fmt.Fprintf(&out, "%s, policy %s\n%s", ph.name, strings.Join(byVerdicts[block], "; "), block)
		}
	}
	for code := 0x500; code <= 0x800; code++ {
		if v := judge(subCode(fmt.Sprintf("%x", code)), phaseBind); v.outcome != account.BadCredentials {
			fmt.Fprintf(&out, "bind, code 49, data %x: %s\n", code, describe(v))
		}
	}
	return out.String()
}

// subCode is an answer of Active Directory.
func subCode(data string) directory.Reply {
	return directory.Reply{Code: codeInvalidCredentials, Policy: directory.NoPolicy,
		Diagnostic: "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data " + data + ", v1db1"}
}

// TestSubCodes is that only the whole of Active Directory's diagnostic beside
// invalidCredentials counts, and that no code whatsoever is a success.
func TestSubCodes(t *testing.T) {
	for data := range subCodes {
		for _, code := range codes() {
			reply := subCode(data)
			if reply.Code = code; code == codeSuccess {
				continue
			}
			if d := judge(reply, phaseBind).decision("alice"); d.Outcome == account.Success || d.Authorization == account.Success {
				t.Errorf("code %d with data %s gives %v", code, data, d)
			}
		}
		good := subCode(data).Diagnostic
		if v, ok := activeDirectory(strings.ToUpper(data) + good); ok {
			t.Errorf("something before the diagnostic: %v", v)
		}
	}
	for _, diagnostic := range []string{
		"", "data 533, ", "invalid credentials, data 533, v1db1", "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 533",
		subCode("0").Diagnostic, subCode("5333").Diagnostic, subCode("").Diagnostic, subCode("52e").Diagnostic,
	} {
		if v, ok := activeDirectory(diagnostic); ok {
			t.Errorf("%q gives %v", diagnostic, v)
		}
	}
}

func writeCodes(out *strings.Builder, ph phase, policy directory.Policy) {
	order, byVerdict := []string{}, map[string][]string{}
	for _, code := range codes() {
		v := describe(judge(directory.Reply{Code: code, Policy: policy}, ph))
		v = strings.ReplaceAll(v, fmt.Sprintf("LDAP result %d)", code), "LDAP result CODE)")
		if byVerdict[v] == nil {
			order = append(order, v)
		}
		byVerdict[v] = append(byVerdict[v], itoa(code))
	}
	for _, v := range order {
		codes := byVerdict[v]
		if len(codes) > 20 {
			codes = []string{"every other"}
		}
		fmt.Fprintf(out, "\t%s: %s\n", strings.Join(codes, " "), v)
	}
}

func TestTruthTable(t *testing.T) {
	const golden = "testdata/truth-table.golden"
	got := table()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the verdicts changed; if that is meant, run go test ./pkg/login -update and read the diff:\n%s", diff)
	}
}

// TestOnlyCodeZeroSucceeds does not trust the golden file.
func TestOnlyCodeZeroSucceeds(t *testing.T) {
	for name, policy := range policies() {
		for _, ph := range []phase{phaseBind, phaseChange} {
			for _, code := range codes() {
				d := judge(directory.Reply{Code: code, Policy: policy}, ph).decision("alice")
				if code != 0 && (d.Outcome == account.Success || d.Authorization == account.Success) {
					t.Errorf("code %d with policy %s gives %v", code, name, d)
				}
				if d.Outcome != account.Success && d.Authorization == account.Success {
					t.Errorf("code %d with policy %s is refused and authorized: %v", code, name, d)
				}
			}
		}
	}
	locked := directory.NoPolicy
	locked.Error = policyAccountLocked
	if d := judge(directory.Reply{Code: 0, Policy: locked}, phaseBind).decision(""); d.Outcome == account.Success {
		t.Error("a locked account gets in because the code says success")
	}
}

func TestMessagesComeFromNoServer(t *testing.T) {
	const marker = "SECRET DIAGNOSTIC"
	for _, ph := range []phase{phaseBind, phaseChange} {
		for _, code := range codes() {
			v := judge(directory.Reply{Code: code, Diagnostic: marker, Policy: directory.NoPolicy}, ph)
			if strings.Contains(v.message, marker) {
				t.Errorf("code %d shows the server's text: %q", code, v.message)
			}
		}
	}
}

func TestExpiresIn(t *testing.T) {
	for seconds, want := range map[int64]string{
		0: "0 seconds", 1: "1 second", 119: "119 seconds", 120: "2 minutes", 7199: "119 minutes",
		7200: "2 hours", 172799: "47 hours", 172800: "2 days", 5 * 86400: "5 days",
	} {
		if got := expiresIn(seconds); got != "Your password will expire in "+want+"." {
			t.Errorf("expiresIn(%d) = %q", seconds, got)
		}
	}
}
