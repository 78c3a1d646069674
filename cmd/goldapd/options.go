package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime/debug"
)

const usage = `Usage: goldapd [--config FILE] [--socket PATH]... [--admin-socket PATH] [--check]

The daemon of goldap, LDAP login for Linux. It answers on a Unix socket what
libnss_goldap.so.2 and pam_goldap.so ask, or programs made for nslcd. It runs in
the foreground and logs to stderr unless the configuration says otherwise.

  --config FILE   the configuration: a .toml file, an nslcd.conf or a
                  pam_ldap.conf. The default is the first that exists of
                  /etc/goldap/goldap.toml, /etc/pam_ldap.conf and
                  /etc/nslcd.conf
  --socket PATH   listen here instead of on the sockets of the configuration;
                  may be given several times. Sockets that systemd passes on
                  replace those of the configuration, too
  --admin-socket PATH
                  answer the admin API here instead of on the admin_socket of
                  the configuration; with --socket and without this there is
                  none
  --check         read the configuration, say what is wrong with it, and exit
  --version       print the version and exit
  --help          print this and exit

Signals: SIGHUP reads the configuration again and opens the log again; if the
configuration is bad, nothing changes. SIGUSR1 tries servers that are being left
alone for a while at once. SIGTERM and SIGINT finish the requests in flight and
exit.

Exit status: 0 if all is well, 1 if the configuration or a socket is not, 2 for
wrong arguments.
`

// options are the arguments.
type options struct {
	config  string
	sockets []string
	// adminSocket is empty if it was not given.
	adminSocket string
	check       bool
	version     bool
}

// parseOptions reads the arguments. It prints the usage and returns
// flag.ErrHelp if that is what was asked for.
func parseOptions(args []string, stdout io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("goldapd", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.config, "config", "", "")
	flags.Func("socket", "", func(path string) error {
		if path == "" {
			return errors.New("empty path")
		}
		o.sockets = append(o.sockets, path)
		return nil
	})
	flags.StringVar(&o.adminSocket, "admin-socket", "", "")
	flags.BoolVar(&o.check, "check", false, "")
	flags.BoolVar(&o.version, "version", false, "")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
	}
	if err == nil && flags.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return o, err
}

// release is the version of a package; the Makefile has the linker set it.
var release string

// writeVersion prints what the linker knows: version, commit, compiler.
func writeVersion(w io.Writer) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		fmt.Fprintln(w, "goldapd, built without version information")
		return
	}
	fmt.Fprintf(w, "goldapd %s\n", cmp.Or(release, info.Main.Version))
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			fmt.Fprintf(w, "commit %s\n", setting.Value)
		}
	}
	fmt.Fprintf(w, "built with %s\n", info.GoVersion)
}
