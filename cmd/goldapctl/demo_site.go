package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/goldap/goldap/pkg/client"
	"github.com/goldap/goldap/pkg/embedded"
)

// site is everything that the demo sets up, all of it below dir.
type site struct {
	dir                         string
	config, socket, caFile, log string
	confdir, serviceFile        string
	built                       artefacts
	directory                   *embedded.Directory
	daemon                      *daemon
	application                 application
	client                      *client.Client
}

// maxSocketPath is the longest path of a Unix socket (unix(7)), without NUL.
const maxSocketPath = 107

// newSite starts everything. An error leaves nothing behind.
func newSite(ctx context.Context, built artefacts) (*site, error) {
	dir, err := os.MkdirTemp("", "goldap-demo-")
	if err != nil {
		return nil, fmt.Errorf("making a temporary directory: %w", err)
	}
	s := layOut(dir, built)
	if err := s.start(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// layOut says what is where.
func layOut(dir string, built artefacts) *site {
	s := &site{
		dir:     dir,
		config:  filepath.Join(dir, "pam_ldap.conf"),
		socket:  filepath.Join(dir, "goldap.sock"),
		caFile:  filepath.Join(dir, "ca.pem"),
		log:     filepath.Join(dir, "goldapd.log"),
		confdir: filepath.Join(dir, "pam.d"),
		built:   built,
	}
	s.serviceFile = filepath.Join(s.confdir, demoService)
	s.application = application{service: demoService, confdir: s.confdir}
	s.client = client.New(s.socket)
	return s
}

func (s *site) start(ctx context.Context) error {
	if err := s.checkPaths(); err != nil {
		return err
	}
	var err error
	if s.directory, err = embedded.Start(ctx, demoDirectory()); err != nil {
		return err
	}
	if err := s.writeFiles(); err != nil {
		return err
	}
	return s.startDaemon(ctx)
}

// checkPaths refuses what a service file or a socket cannot express.
func (s *site) checkPaths() error {
	if len(s.socket) > maxSocketPath {
		return fmt.Errorf("the path %s is too long for a socket: set TMPDIR to a shorter one", s.socket)
	}
	for _, path := range []string{s.dir, s.built.module} {
		if strings.ContainsAny(path, " \t[]\\#") {
			return fmt.Errorf("the path %q has characters that do not go into a service file of PAM", path)
		}
	}
	return nil
}

func (s *site) writeFiles() error {
	if err := s.directory.WriteCAFile(s.caFile); err != nil {
		return err
	}
	if err := os.WriteFile(s.config, []byte(s.configText()), 0o600); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	if err := os.Mkdir(s.confdir, 0o755); err != nil {
		return fmt.Errorf("making the service directory: %w", err)
	}
	if err := os.WriteFile(s.serviceFile, []byte(s.serviceText()), 0o644); err != nil {
		return fmt.Errorf("writing the service file: %w", err)
	}
	return nil
}

// configText is the pam_ldap.conf. It differs from a real site's in the lines
// host and tls_cacertfile.
func (s *site) configText() string {
	return "host " + s.directory.Addr() + "\n" +
		"base " + demoBase + "\n" +
		"binddn " + demoPseudouser + "\n" +
		"bindpw " + demoPseudouserPassword + "\n" +
		"ssl start_tls\n" +
		"tls_cacertfile " + s.caFile + "\n"
}

// serviceText has one line for each group of PAM. There is no pam_unix beside
// it, so that every answer seen is goldap's.
func (s *site) serviceText() string {
	var b strings.Builder
	for _, group := range []string{"auth", "account", "password", "session"} {
		fmt.Fprintf(&b, "%-8s required %s config=%s socket=%s\n", group, s.built.module, s.config, s.socket)
	}
	return b.String()
}

// startDaemon starts goldapd unless it runs.
func (s *site) startDaemon(ctx context.Context) error {
	if s.daemon != nil && s.daemon.running() {
		return nil
	}
	var err error
	s.daemon, err = startDaemon(ctx, s.built.daemon, s.config, s.socket, s.log)
	return err
}

// close ends and removes everything.
func (s *site) close() {
	if s.daemon != nil {
		s.daemon.stop()
	}
	if s.directory != nil {
		_ = s.directory.Close()
	}
	_ = os.RemoveAll(s.dir)
}

// describe prints what was set up.
func (s *site) describe(out io.Writer) {
	fmt.Fprintf(out, `goldap demo, in %s

Directory  %s, in this process; it refuses everything before StartTLS
goldapd    process %d, on the socket %s
Module     %s

%s:
%s
Two lines are not as on a real site: "host", because the directory of the demo
is on this machine and not at ldap.mydomain.com; and "tls_cacertfile", because
the authority of its certificate was made a moment ago and no system trusts it.

%s, the application's service file:
%s`,
		s.dir, s.directory.URI(), s.daemon.pid(), s.socket, s.built.module,
		s.config, indent(s.configText()), s.serviceFile, indent(s.serviceText()))
}

// explain prints how to try things by hand.
func (s *site) explain(out io.Writer) {
	fmt.Fprintf(out, `
Everything is still running. In another terminal:

  build/goldapctl lookup --socket %[1]s passwd %[2]s
  build/goldapctl lookup --socket %[1]s groups %[2]s
  build/goldapctl demo login --service-dir %[3]s %[2]s
  LDAPTLS_CACERT=%[4]s ldapsearch -ZZ -x -H %[5]s -D %[6]s -w '%[7]s' -b %[8]s uid=%[2]s
  kill %[9]d    # then log in again: the module does without goldapd
  cat %[10]s

Users and their passwords:
%[11]s
Press Enter or Ctrl-C to end it.
`, s.socket, userAda, s.confdir, s.caFile, s.directory.URI(), demoPseudouser, demoPseudouserPassword, demoBase,
		s.daemon.pid(), s.log, indent(userTable()))
}

func indent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("    " + line)
	}
	return b.String()
}
