package slapd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Options say what server to make. Only Dir is needed.
type Options struct {
	// Dir is an existing directory for everything that is written.
	Dir string
	// Address is host:port, 127.0.0.1:389 if empty.
	Address string
	// Users is the number of plain users beside People.
	Users int
	// More is LDIF (RFC 2849) of further entries below Base.
	More []byte
	// Peculiar fills the directory with entries that are odd in every way,
	// instead of with People and Groups.
	Peculiar bool
	// CopyOf makes the server a copy that takes no changes and refers to the
	// server with that URI. Nothing is ever copied.
	CopyOf string
	// KeyType is RSA if empty.
	KeyType KeyType
	// Unindexed leaves out every index but that of objectClass.
	Unindexed bool
	// Certificate is Good if empty.
	Certificate Certificate
	// LogLevel is slapd's -d; 256 logs operations, 0 nothing.
	LogLevel int
}

// Server is a slapd of ours.
type Server struct {
	PKI *PKI
	// LogFile is what slapd says.
	LogFile string

	options Options
	process *exec.Cmd
}

// Start makes the directory's contents and starts a server; it returns when
// the server answers a search.
func Start(ctx context.Context, options Options) (*Server, error) {
	if options.Address == "" {
		options.Address = "127.0.0.1:389"
	}
	if options.Certificate == "" {
		options.Certificate = Good
	}
	pki, err := NewPKI(options.Dir, options.KeyType)
	if err != nil {
		return nil, err
	}
	s := &Server{PKI: pki, LogFile: filepath.Join(options.Dir, "slapd.log"), options: options}
	if err := s.configure(ctx); err != nil {
		return nil, err
	}
	if err := s.load(ctx); err != nil {
		return nil, err
	}
	return s, s.Resume(ctx)
}

// Stop ends the server. Its data stay, for Resume.
func (s *Server) Stop() error {
	if s.process == nil {
		return nil
	}
	process := s.process
	s.process = nil
	if err := process.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop slapd: %w", err)
	}
	// slapd ends with status 1 now and then when it is told to end soon after
	// its start; what counts is that it has ended.
	var ended *exec.ExitError
	if err := process.Wait(); err != nil && !errors.As(err, &ended) {
		return fmt.Errorf("stop slapd: %w", err)
	}
	return nil
}

// Resume starts the server again that Stop ended, and waits until it answers.
// A server that runs is left alone.
func (s *Server) Resume(ctx context.Context) error {
	if s.process != nil {
		return nil
	}
	log, err := os.OpenFile(s.LogFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	process := exec.Command("slapd", "-d", fmt.Sprint(s.options.LogLevel), "-s", "0", "-F", s.path("config"),
		"-h", "ldap://"+s.options.Address+" "+s.LocalURL())
	process.Stdout, process.Stderr = log, log
	if err := process.Start(); err != nil {
		return fmt.Errorf("start slapd: %w", err)
	}
	s.process = process
	return s.waitReady(ctx)
}

// UseCertificate restarts the server with another certificate.
func (s *Server) UseCertificate(ctx context.Context, c Certificate) error {
	if err := s.Stop(); err != nil {
		return err
	}
	s.options.Certificate = c
	if err := s.configure(ctx); err != nil {
		return err
	}
	return s.Resume(ctx)
}

func (s *Server) path(name string) string { return filepath.Join(s.options.Dir, name) }

// LocalURL is the server's ldapi address, which needs no certificate.
func (s *Server) LocalURL() string { return "ldapi://" + url.QueryEscape(s.path("ldapi")) }

// configure writes the configuration anew.
func (s *Server) configure(ctx context.Context) error {
	certificate, key := s.PKI.Files(s.options.Certificate)
	values := configValues{
		Base: Base, PseudouserDN: PseudouserDN, AdminDN: AdminDN, AdminPassword: AdminPassword,
		Certificate: certificate, Key: key, CA: s.PKI.CAFile, Host: ServerName, ClientName: ClientName, Data: s.path("data"), Schema: s.path("rfc2307bis.ldif"),
		LimitedDN: LimitedDN, LimitedSize: LimitedSize, ActiveDirectory: s.path("ad.ldif"), SSHSchema: s.path("openssh-lpk.ldif"), Peculiar: s.options.Peculiar,
		CopyOf: s.options.CopyOf, Unindexed: s.options.Unindexed,
	}
	for path, schema := range map[string][]byte{values.ActiveDirectory: activeDirectory, values.SSHSchema: sshSchema} {
		if err := os.WriteFile(path, schema, 0o644); err != nil {
			return err
		}
	}
	text, err := config(values)
	if err != nil {
		return err
	}
	if err := bisSchema(values.Schema); err != nil {
		return err
	}
	if err := os.RemoveAll(s.path("config")); err != nil {
		return err
	}
	for _, dir := range []string{s.path("config"), values.Data} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	return s.slapadd(ctx, text, "-n", "0")
}

// load fills the empty database; the entries that are broken on purpose are
// added without a look at the schema.
func (s *Server) load(ctx context.Context) error {
	good, bad := contents(s.options.Users, time.Now()), brokenContents(time.Now())
	if s.options.Peculiar {
		good, bad = append(skeleton(time.Now()), policies()...), peculiar()
	}
	var sound, broken bytes.Buffer
	if err := writeLDIF(&sound, good); err != nil {
		return err
	}
	if err := writeLDIF(&broken, bad); err != nil {
		return err
	}
	if err := s.slapadd(ctx, sound.Bytes(), "-n", "1", "-q"); err != nil {
		return err
	}
	if err := s.slapadd(ctx, broken.Bytes(), "-n", "1", "-q", "-s"); err != nil || len(s.options.More) == 0 {
		return err
	}
	return s.slapadd(ctx, s.options.More, "-n", "1", "-q")
}

func (s *Server) slapadd(ctx context.Context, text []byte, arguments ...string) error {
	add := exec.CommandContext(ctx, "slapadd", append([]string{"-F", s.path("config")}, arguments...)...)
	add.Stdin = bytes.NewReader(text)
	if said, err := add.CombinedOutput(); err != nil {
		return fmt.Errorf("slapadd: %w\n%s", err, said)
	}
	return nil
}

// waitReady polls with a real search until the server answers it.
func (s *Server) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		said, err := s.Search(ctx, "(uid=alice)", "uidNumber")
		if err == nil && bytes.Contains(said, []byte("uidNumber: 10001")) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("slapd does not answer: %w\n%s", err, said)
		case <-again.C:
		}
	}
}

// Search asks the server as the pseudouser, over ldapi and thus whatever its
// certificate, and returns what ldapsearch prints.
func (s *Server) Search(ctx context.Context, filter string, attributes ...string) ([]byte, error) {
	arguments := []string{"-LLL", "-x", "-H", s.LocalURL(), "-D", PseudouserDN, "-w", PseudouserPassword, "-b", Base, filter}
	return exec.CommandContext(ctx, "ldapsearch", append(arguments, attributes...)...).CombinedOutput()
}

// Modify changes an entry as the administrator; change is what follows
// "changetype: modify" in LDIF.
func (s *Server) Modify(ctx context.Context, dn, change string) error {
	var text bytes.Buffer
	if err := writeLDIF(&text, []entry{{dn: dn}}); err != nil {
		return err
	}
	record := strings.TrimSuffix(text.String(), "\n") + "changetype: modify\n" + change
	modify := exec.CommandContext(ctx, "ldapmodify", "-e", "relax", "-x", "-H", s.LocalURL(), "-D", AdminDN, "-w", AdminPassword)
	modify.Stdin = strings.NewReader(record)
	if said, err := modify.CombinedOutput(); err != nil {
		return fmt.Errorf("modify %s: %w\n%s", dn, err, said)
	}
	return nil
}

// SetPassword gives an entry a password as the administrator, past all
// policies. The history and the duty to change it go; slapd itself unlocks the
// account.
func (s *Server) SetPassword(ctx context.Context, dn, password string) error {
	return s.Modify(ctx, dn, "replace: userPassword\nuserPassword: "+hash(password)+
		"\n-\nreplace: pwdReset\n-\nreplace: pwdHistory\n")
}

// Restore gives p the password of People back, and what the policy is to hold
// against it.
func (s *Server) Restore(ctx context.Context, p Person) error {
	if err := s.SetPassword(ctx, p.DN(), p.Password); err != nil {
		return err
	}
	for _, a := range p.More {
		if err := s.Modify(ctx, p.DN(), "replace: "+a.name+"\n"+a.name+": "+a.value+"\n"); err != nil {
			return err
		}
	}
	return nil
}
