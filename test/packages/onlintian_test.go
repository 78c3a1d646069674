//go:build integration

package packages

import (
	"path/filepath"
	"testing"
)

// TestOnLintian is what Debian's own checker thinks of the packages. What it may
// complain about, and why, is in packaging/lintian.
func TestOnLintian(t *testing.T) {
	onlyInside(t)
	arguments := []string{"-u", "nobody", "--", "lintian", "--fail-on", "error,warning"}
	for _, name := range allPackages {
		arguments = append(arguments, one(t, filepath.Join(oldPackages, name+"_*.deb")))
	}
	// It wants no root.
	t.Log(run(t, "runuser", arguments...))
}
