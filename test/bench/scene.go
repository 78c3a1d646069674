package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/goldap/goldap/test/root/daemon"
	"github.com/goldap/goldap/test/root/slapd"
)

// The service files, one for each way to log in. Each has the module's lines
// and nothing else; confdir has nothing but them, for libpam loads the modules
// of the service "other", too, and Debian's has a pile of them.
const (
	confdir       = "/run/bench.pam.d"
	stockService  = "bench-nslcd"
	daemonService = "bench-goldap"
	directService = "bench-direct"
)

// scene is what logins and lookups need: slapd, both daemons (nslcd first), the
// service files.
type scene struct {
	users   int
	dir     string
	server  *slapd.Server
	daemons []*daemon.Daemon
}

func newScene(ctx context.Context, o options, users int) (*scene, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	// The authority must be readable for the daemons' own users.
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	started := time.Now()
	server, err := slapd.Start(ctx, slapd.Options{
		Dir: dir, Users: users, KeyType: slapd.KeyType(o.key), More: joined(),
	})
	if err != nil {
		return nil, err
	}
	progress("slapd with %d users and an %s key is ready after %.1f s", users, o.key, time.Since(started).Seconds())
	s := &scene{users: users, dir: dir, server: server}
	if err := s.startDaemons(ctx, o); err != nil {
		s.close()
		return nil, err
	}
	return s, writeServices(o)
}

// joined returns the groups of a user who is in many, as LDIF.
func joined() []byte {
	var text bytes.Buffer
	for i := range joinedGroups {
		fmt.Fprintf(&text, "dn: cn=joined%03d,ou=groups,%s\nobjectClass: organizationalRole\nobjectClass: posixGroup\n"+
			"cn: joined%03d\ngidNumber: %d\nmemberUid: %s\n\n", i, slapd.Base, i, 40000+i, joiner)
	}
	return text.Bytes()
}

func (s *scene) startDaemons(ctx context.Context, o options) error {
	if err := daemon.WriteNslcdConfig(s.server.PKI.CAFile); err != nil {
		return err
	}
	nslcd, err := daemon.StartNslcd(ctx, s.dir+"/nslcd.log")
	if err != nil {
		return err
	}
	s.daemons = append(s.daemons, nslcd)
	if o.stockOnly {
		return nil
	}
	if err := daemon.WriteGoldapConfig(s.server.PKI.CAFile); err != nil {
		return err
	}
	goldapd, err := daemon.StartGoldapd(ctx, s.dir+"/goldapd.log", daemon.GoldapConfig, daemon.GoldapSocket)
	if err != nil {
		return err
	}
	s.daemons = append(s.daemons, goldapd)
	return nil
}

// restart makes the daemons forget everything.
func (s *scene) restart(ctx context.Context, o options) error {
	if err := s.stopDaemons(); err != nil {
		return err
	}
	return s.startDaemons(ctx, o)
}

func (s *scene) stopDaemons() error {
	var errs []error
	for _, d := range s.daemons {
		errs = append(errs, d.Stop())
	}
	s.daemons = nil
	return errors.Join(errs...)
}

func (s *scene) close() {
	if err := errors.Join(s.stopDaemons(), s.server.Stop(), os.RemoveAll(s.dir)); err != nil {
		progress("at the end: %v", err)
	}
}

func writeServices(o options) error {
	if err := os.MkdirAll(confdir, 0o755); err != nil {
		return err
	}
	for service, module := range map[string]string{
		stockService:  "pam_ldap.so",
		daemonService: o.module + " mode=daemon",
		directService: o.module + " mode=direct",
	} {
		text := fmt.Sprintf("auth required %s\naccount required %s\n", module, module)
		if err := os.WriteFile(filepath.Join(confdir, service), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
