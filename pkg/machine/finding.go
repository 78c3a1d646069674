package machine

import (
	"cmp"
	"slices"
)

// Severity says how bad a finding is.
type Severity string

// The severities, the worst first.
const (
	// Error: somebody cannot log in, or could who should not.
	Error Severity = "error"
	// Warning: it works, or will for some time.
	Warning Severity = "warning"
	// Note is good to know.
	Note Severity = "note"
)

// Finding is one thing that was found.
type Finding struct {
	// ID is a key of Kinds.
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	// Where is a file, with a line if it is about one, a server or a unit.
	Where string `json:"where"`
	// What is what is wrong, and Remedy what to do.
	What   string `json:"what"`
	Remedy string `json:"do"`
}

// Kinds are all findings there can be, by their ids.
var Kinds = map[string]Severity{
	"config-missing": Error,
	"config-invalid": Error,
	"config-warning": Warning,

	"file-open":       Error,
	"file-owner":      Error,
	"file-unreadable": Error,
	"managed-folder":  Error,
	"socket-mode":     Error,

	"server-unreachable":   Error,
	"server-tls":           Error,
	"server-name":          Error,
	"server-bind":          Error,
	"base-missing":         Error,
	"certificate-expired":  Error,
	"certificate-expiring": Warning,
	"clock-skew":           Note,

	"daemon-down":    Error,
	"daemon-stale":   Warning,
	"daemon-version": Warning,

	"pam-broken":            Error,
	"pam-local-lockout":     Error,
	"pam-directory-lockout": Error,
	"pam-wrong-password":    Error,
	"pam-access-skipped":    Error,
	"pam-no-account":        Warning,
	"pam-order":             Warning,
	"pam-two-directories":   Warning,
	"pam-minimum-uid":       Note,
	"pam-module-missing":    Error,
	"pam-module-mode":       Error,
	"pam-unused":            Warning,
	"service-without-file":  Warning,

	"sshd-no-pam":               Error,
	"sshd-keyboard-interactive": Warning,
	"sshd-no-passwords":         Note,

	"nss-missing":         Error,
	"nss-never-asked":     Error,
	"nss-before-files":    Warning,
	"nss-two-directories": Warning,
	"nss-module-missing":  Error,

	"other-nslcd": Warning,
	"other-sssd":  Warning,
	"other-nscd":  Note,
}

// Count returns how many findings there are of a severity.
func Count(findings []Finding, severity Severity) int {
	n := 0
	for _, f := range findings {
		if f.Severity == severity {
			n++
		}
	}
	return n
}

// sorted puts the worst first and drops what was found twice: many services
// include the same file.
func sorted(findings []Finding) []Finding {
	rank := map[Severity]int{Error: 0, Warning: 1, Note: 2}
	slices.SortStableFunc(findings, func(a, b Finding) int { return cmp.Compare(rank[a.Severity], rank[b.Severity]) })
	seen := map[Finding]bool{}
	return slices.DeleteFunc(findings, func(f Finding) bool {
		before := seen[f]
		seen[f] = true
		return before
	})
}
