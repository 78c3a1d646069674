package samba

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/goldap/goldap/test/root/slapd"
)

const smbConf = "/etc/samba/smb.conf"

// Server is a domain controller.
type Server struct {
	// CAFile is the authority that its certificate is from.
	CAFile string
	// LogFile is what it says.
	LogFile string

	process *exec.Cmd
}

// Start makes the domain in dir and starts its controller; it returns when the
// directory has its contents.
func Start(ctx context.Context, dir, logFile string) (*Server, error) {
	pki, err := slapd.NewPKIFor(dir, slapd.RSA, ServerName)
	if err != nil {
		return nil, err
	}
	s := &Server{CAFile: pki.CAFile, LogFile: logFile}
	if err := s.provision(ctx, dir); err != nil {
		return nil, err
	}
	certificate, key := pki.Files(slapd.Good)
	if err := s.configure(dir, certificate, key); err != nil {
		return nil, err
	}
	if err := s.run(ctx); err != nil {
		return nil, err
	}
	if err := s.Change(ctx, policy+peopleLDIF()+groups); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	script := exec.CommandContext(ctx, "python3", "-c", age, smbConf, Find("aged").DN(), fileTime(-100*24*time.Hour))
	if said, err := script.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("age a password: %w\n%s", err, said), s.Stop())
	}
	return s, nil
}

// provision makes the domain, without file shares and DNS.
func (s *Server) provision(ctx context.Context, dir string) error {
	if err := os.Remove(smbConf); err != nil && !os.IsNotExist(err) {
		return err
	}
	domain, _, _ := strings.Cut(Realm, ".")
	host, _, _ := strings.Cut(ServerName, ".")
	provision := exec.CommandContext(ctx, "samba-tool", "domain", "provision", "--realm="+Realm, "--domain="+domain,
		"--server-role=dc", "--use-rfc2307", "--dns-backend=NONE", "--host-name="+host, "--host-ip=127.0.0.3",
		"--domain-sid="+SID, "--adminpass="+AdministratorPassword, "--targetdir="+filepath.Join(dir, "domain"))
	if said, err := provision.CombinedOutput(); err != nil {
		return fmt.Errorf("samba-tool: %w\n%s", err, said)
	}
	return nil
}

// configure adds to the smb.conf that provision wrote: nothing but LDAP on an
// address of its own with our certificate; binds with a password as all
// directories have them, over TLS; and no grace for old passwords.
func (s *Server) configure(dir, certificate, key string) error {
	conf := s.conf(dir)
	text, err := os.ReadFile(conf)
	if err != nil {
		return err
	}
	before, after, found := strings.Cut(string(text), "server services = ")
	if !found {
		return fmt.Errorf("%s has no server services", conf)
	}
	_, after, _ = strings.Cut(after, "\n")
	lines := []string{
		"server services = ldap", "interfaces = 127.0.0.3/8", "bind interfaces only = yes",
		"tls certfile = " + certificate, "tls keyfile = " + key, "tls cafile = " + s.CAFile,
		"ldap server require strong auth = allow_sasl_over_tls", "old password allowed period = 0", "",
	}
	text = []byte(before + strings.Join(lines, "\n\t") + after)
	return errors.Join(os.WriteFile(conf, text, 0o644), os.WriteFile(smbConf, text, 0o644))
}

func (s *Server) conf(dir string) string { return filepath.Join(dir, "domain/etc/smb.conf") }

// run starts the server and waits until it answers.
func (s *Server) run(ctx context.Context) error {
	log, err := os.OpenFile(s.LogFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	s.process = exec.Command("samba", "--interactive", "--model=single", "--debug-stdout", "--debuglevel=1")
	s.process.Stdout, s.process.Stderr = log, log
	// It ends when its standard input does.
	if _, err := s.process.StdinPipe(); err != nil {
		return err
	}
	if err := s.process.Start(); err != nil {
		return fmt.Errorf("start samba: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		said, err := s.tool(ctx, "", "ldapsearch", "-b", Base, "-s", "base", "1.1")
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("samba does not answer: %w\n%s", err, said), s.Stop())
		case <-again.C:
		}
	}
}

// Change applies LDIF with changes (RFC 2849) as the administrator.
func (s *Server) Change(ctx context.Context, text string) error {
	if said, err := s.tool(ctx, text, "ldapmodify"); err != nil {
		return fmt.Errorf("ldapmodify: %w\n%s", err, said)
	}
	return nil
}

// Restore makes the entry of p anew: the history of its passwords is gone, and
// the lock. Groups lose the member.
func (s *Server) Restore(ctx context.Context, p Person) error {
	return s.Change(ctx, "dn: "+p.DN()+"\nchangetype: delete\n\n"+p.ldif())
}

// tool runs one of the OpenLDAP tools as the administrator.
func (s *Server) tool(ctx context.Context, input, name string, arguments ...string) ([]byte, error) {
	program := exec.CommandContext(ctx, name, append([]string{"-x", "-ZZ", "-H", "ldap://" + ServerName,
		"-D", AdministratorDN, "-w", AdministratorPassword}, arguments...)...)
	program.Env = append(os.Environ(), "LDAPTLS_CACERT="+s.CAFile)
	program.Stdin = bytes.NewReader([]byte(input))
	return program.CombinedOutput()
}

// Stop ends the server.
func (s *Server) Stop() error {
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop samba: %w", err)
	}
	var ended *exec.ExitError
	if err := s.process.Wait(); err != nil && !errors.As(err, &ended) {
		return fmt.Errorf("stop samba: %w", err)
	}
	return nil
}
