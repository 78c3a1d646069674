package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/machine"
	"github.com/goldap/goldap/pkg/secret"
	"github.com/goldap/goldap/pkg/setup"
)

const (
	configFile    = "/etc/goldap/goldap.toml"
	secretFile    = "/etc/goldap/bind.secret"
	authorityFile = "/etc/goldap/ca.pem"
)

// surveyTimeout is how long all the questions to a directory may take.
const surveyTimeout = 2 * time.Minute

// propose asks the directory, and puts a configuration together.
func (s *settingUp) propose(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, surveyTimeout)
	defer cancel()
	cfg, err := s.firstLook(ctx)
	if err != nil {
		return err
	}
	if err := s.takeIdentity(ctx, &cfg); err != nil {
		return err
	}
	surveys, err := s.look(ctx, cfg, true)
	if err != nil {
		return err
	}
	best := surveys[0]
	for _, one := range surveys {
		if one.Failed == "" {
			best = one
			break
		}
	}
	s.tellAbout(best)
	if s.proposed, err = setup.Propose(s.site(cfg), best); err != nil {
		return err
	}
	return s.isLoadable()
}

// firstLook is without a password: is the server there, and trusted, and which
// base does it propose?
func (s *settingUp) firstLook(ctx context.Context) (config.Directory, error) {
	cfg := config.DefaultDirectory()
	if len(s.uris) == 0 {
		uri, err := s.required(ctx, "--uri", "Server (ldap://NAME or ldaps://NAME)", "")
		if err != nil {
			return cfg, err
		}
		s.uris = []string{uri}
	}
	cfg.URIs, cfg.Base = s.uris, s.base
	if err := s.takeAuthority(&cfg); err != nil {
		return cfg, err
	}
	surveys, err := s.look(ctx, cfg, false)
	if err != nil {
		return cfg, err
	}
	if cfg.Base == "" {
		cfg.Base, err = s.required(ctx, "--base", "Base DN", surveys[0].Root.ProposedBase())
	}
	return cfg, err
}

// required is a flag that was not given: what is asked for, or the usual, or an
// error that names the flag.
func (s *settingUp) required(ctx context.Context, flag, question, usual string) (string, error) {
	switch {
	case s.ask.interactive && !s.yes:
		return s.ask.text(ctx, question, usual)
	case usual != "":
		return usual, nil
	}
	return "", missingFlags([]string{flag})
}

// takeAuthority reads the file with the authority.
func (s *settingUp) takeAuthority(cfg *config.Directory) error {
	if s.caFile == "" {
		return nil
	}
	data, err := os.ReadFile(s.caFile)
	if err != nil {
		return withStatus(exitUsage, fmt.Errorf("--ca-file: %w", err))
	}
	if !bytes.Contains(data, []byte("-----BEGIN CERTIFICATE-----")) {
		return withStatus(exitUsage, fmt.Errorf("--ca-file: there is no certificate in %s", s.caFile))
	}
	s.authority, cfg.TLS.CAFile = data, s.caFile
	return nil
}

// takeIdentity finds out whom goldap is to search as.
func (s *settingUp) takeIdentity(ctx context.Context, cfg *config.Directory) (err error) {
	if s.anonymous || s.print && s.bindDN == "" && !s.ask.interactive {
		return nil
	}
	if s.bindDN == "" {
		if s.bindDN, err = s.required(ctx, "--bind-dn or --anonymous", "DN of the pseudouser, whom goldap searches as", ""); err != nil {
			return err
		}
	}
	cfg.BindDN = s.bindDN
	if cfg.BindPassword, err = s.password(ctx); err != nil {
		return err
	}
	s.secret = append(bytes.Clone(cfg.BindPassword.Bytes()), '\n')
	return nil
}

func (s *settingUp) password(ctx context.Context) (secret.Secret, error) {
	if s.passwordFile == "" {
		if !s.ask.interactive {
			return secret.Secret{}, missingFlags([]string{"--bind-password-file"})
		}
		return s.ask.password(ctx)
	}
	f, err := os.Open(s.passwordFile)
	if err != nil {
		return secret.Secret{}, withStatus(exitUsage, fmt.Errorf("--bind-password-file: %w", err))
	}
	defer f.Close()
	password, err := readLine(f)
	if err == nil && password.IsEmpty() {
		err = errors.New("its first line, which should be the password, is empty")
	}
	if err != nil {
		return secret.Secret{}, withStatus(exitUsage, fmt.Errorf("--bind-password-file %s: %w", s.passwordFile, err))
	}
	return password, nil
}

// look surveys the servers, and refuses a directory that is not fit.
func (s *settingUp) look(ctx context.Context, cfg config.Directory, entries bool) ([]directory.ServerSurvey, error) {
	progress := newProgress(s.cmd)
	defer progress.done()
	surveys, err := directory.Survey(ctx, cfg, directory.SurveyOptions{Entries: entries, Progress: func(server, doing string) {
		progress.say("%s: %s", server, doing)
	}})
	if err != nil {
		return nil, withStatus(exitUsage, err)
	}
	progress.done()
	bad := 0
	for _, one := range surveys {
		if !entries && one.Failed == directory.StageBase || one.Failed == "" && !entries {
			continue // nobody in particular need not see the base
		}
		for _, f := range machine.CheckServer(cfg, one, configFile) {
			s.out.printf("%s: %s: %s\n    do: %s\n", f.Severity, visible(f.Where), visible(f.What), visible(f.Remedy))
			if f.Severity == machine.Error {
				bad++
			}
		}
	}
	if bad > 0 && !s.force {
		return nil, withStatus(exitNegative, errors.New("the directory is not fit for goldap yet; with --force, setup goes on all the same"))
	}
	return surveys, nil
}

func (s *settingUp) tellAbout(one directory.ServerSurvey) {
	for _, o := range setup.Observe(one, time.Now()) {
		mark := ""
		if o.Warn {
			mark = "warning: "
		}
		s.out.printf("%s%s\n", mark, visible(o.Text))
	}
}

func (s *settingUp) site(cfg config.Directory) setup.Site {
	site := setup.Site{URIs: cfg.URIs, Base: cfg.Base, BindDN: cfg.BindDN, SecretFile: filepath.Base(secretFile)}
	if s.authority != nil {
		site.CAFile = filepath.Base(authorityFile)
	}
	return site
}

// isLoadable reads the proposal as goldapd would, from a folder of this process.
func (s *settingUp) isLoadable() error {
	folder, err := os.MkdirTemp("", "goldap-setup-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	for name, data := range map[string][]byte{
		configFile: s.proposed, secretFile: []byte("not the password\n"), authorityFile: s.authority,
	} {
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(name)), data, 0o600); err != nil {
			return err
		}
	}
	if _, err := config.Load(filepath.Join(folder, filepath.Base(configFile))); err != nil {
		return withStatus(exitUsage, fmt.Errorf("goldapd would not take the proposal: %w", err))
	}
	return nil
}
