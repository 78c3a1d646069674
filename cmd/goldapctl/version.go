package main

import (
	"cmp"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"
)

const versionLong = `Print the version of this program, the commit that it was built from and the
compiler. A report of a fault should have all of it.`

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "print the version",
		Long:    versionLong,
		Example: "  goldapctl version",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return writeVersion(cmd.OutOrStdout())
		},
	}
}

// release is the version of a package; the Makefile has the linker set it.
var release string

// writeVersion prints what the Go linker recorded: the module's version, the
// commit, and the compiler.
func writeVersion(w io.Writer) error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return withStatus(exitUnavailable, fmt.Errorf("this program has no build information"))
	}
	fmt.Fprintf(w, "goldapctl %s\n", cmp.Or(release, info.Main.Version))
	if revision := setting(info, "vcs.revision"); revision != "" {
		fmt.Fprintf(w, "commit %s%s\n", revision, modified(info))
	}
	fmt.Fprintf(w, "built with %s\n", info.GoVersion)
	return nil
}

func modified(info *debug.BuildInfo) string {
	if setting(info, "vcs.modified") == "true" {
		return ", with changes"
	}
	return ""
}

func setting(info *debug.BuildInfo, key string) string {
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}
