package dirsrv

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

//go:embed scene.ldif
var scene string

//go:embed policy.ldif
var policy string

// Where dscreate puts an instance.
const (
	instance  = "goldap"
	configDir = "/etc/dirsrv/slapd-" + instance
	defaults  = "/usr/share/dirsrv/inf/defaults.inf"
)

// CAFile is the authority that dscreate made for the server's certificate,
// once there is a server.
const CAFile = configDir + "/ca.crt"

// Server is a 389 Directory Server.
type Server struct {
	// LogFile is what it says on stdout and stderr.
	LogFile string

	process *exec.Cmd
}

// Start makes the directory anew and starts the server; it returns when the
// directory has its contents. There is one for each private root.
func Start(ctx context.Context, logFile string) (*Server, error) {
	if err := create(ctx); err != nil {
		return nil, err
	}
	s := &Server{LogFile: logFile}
	if err := s.run(ctx); err != nil {
		return nil, err
	}
	for _, text := range []string{scene, everybody(Person.ldif), policy, everybody(Person.state)} {
		if err := s.Change(ctx, text); err != nil {
			return nil, errors.Join(err, s.Stop())
		}
	}
	return s, nil
}

// create runs dscreate, which knows nothing of machines without systemd, and
// lets the instance listen where the tests have the name: dscreate itself starts
// it once on all addresses.
func create(ctx context.Context) error {
	if err := replace(defaults, "\nwith_systemd = 1\n", "\nwith_systemd = 0\n"); err != nil {
		return err
	}
	answers := "/tmp/dscreate.inf"
	if err := os.WriteFile(answers, []byte(strings.Join([]string{
		"[general]", "full_machine_name = " + ServerName, "strict_host_checking = False", "systemd = False", "start = False",
		"[slapd]", "port = 3389", "secure_port = 3636", "instance_name = " + instance, "root_password = " + ManagerPassword, "self_sign_cert = True",
		"[backend-userroot]", "suffix = " + Base, "create_suffix_entry = True", "",
	}, "\n")), 0o600); err != nil {
		return err
	}
	create := exec.CommandContext(ctx, "dscreate", "from-file", answers)
	if said, err := create.CombinedOutput(); err != nil {
		return fmt.Errorf("dscreate: %w\n%s", err, said)
	}
	if err := os.Chmod("/etc/dirsrv", 0o755); err != nil { // for goldapd, to read CAFile
		return err
	}
	if err := errors.Join(os.Chmod(configDir, 0o755), os.Chmod(CAFile, 0o644)); err != nil {
		return err
	}
	if err := replace(configDir+"/dse.ldif", "\nnsslapd-port: 3389\n",
		"\nnsslapd-listenhost: "+ServerName+"\nnsslapd-securelistenhost: "+ServerName+"\nnsslapd-port: 389\n"); err != nil {
		return err
	}
	if err := replace(configDir+"/dse.ldif", "\nnsslapd-securePort: 3636\n", "\nnsslapd-securePort: 636\n"); err != nil {
		return err
	}
	return enableMemberOf()
}

// enableMemberOf turns the plugin on that keeps memberOf of users.
func enableMemberOf() error {
	const file, plugin = configDir + "/dse.ldif", "\ndn: cn=MemberOf Plugin,cn=plugins,cn=config\n"
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, after, found := strings.Cut(string(text), plugin)
	if !found {
		return fmt.Errorf("%s has no memberOf plugin", file)
	}
	after = strings.Replace(after, "nsslapd-pluginEnabled: off", "nsslapd-pluginEnabled: on", 1)
	return os.WriteFile(file, []byte(before+plugin+after), 0o600)
}

// replace replaces one text in a file once.
func replace(file, before, after string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if !strings.Contains(string(text), before) {
		return fmt.Errorf("%s has no %q", file, before)
	}
	return os.WriteFile(file, []byte(strings.Replace(string(text), before, after, 1)), 0o644)
}

// run starts the server and waits until it answers.
func (s *Server) run(ctx context.Context) error {
	log, err := os.OpenFile(s.LogFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	s.process = exec.Command("ns-slapd", "-D", configDir, "-d", "0")
	s.process.Stdout, s.process.Stderr = log, log
	if err := s.process.Start(); err != nil {
		return fmt.Errorf("start ns-slapd: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		said, err := tool(ctx, "", "ldapsearch", "-b", Base, "-s", "base")
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("ns-slapd does not answer: %w\n%s", err, said), s.Stop())
		case <-again.C:
		}
	}
}

// Change applies LDIF with changes (RFC 2849) as the Directory Manager.
func (s *Server) Change(ctx context.Context, text string) error {
	if said, err := tool(ctx, text, "ldapmodify"); err != nil {
		return fmt.Errorf("ldapmodify: %w\n%s", err, said)
	}
	return nil
}

// Restore makes the entry of p anew, while nothing says that a password which
// somebody else has set must be changed: its history and all that the policy
// counted are gone. Groups lose the member.
func (s *Server) Restore(ctx context.Context, p Person) error {
	const mustChange = "dn: cn=config\nchangetype: modify\nreplace: passwordMustChange\npasswordMustChange: "
	return s.Change(ctx, mustChange+"off\n\n"+"dn: "+p.DN()+"\nchangetype: delete\n\n"+p.ldif()+
		mustChange+"on\n\n"+p.state())
}

// tool runs one of the OpenLDAP tools as the Directory Manager.
func tool(ctx context.Context, input, name string, arguments ...string) ([]byte, error) {
	program := exec.CommandContext(ctx, name, append([]string{"-x", "-ZZ", "-H", "ldap://" + ServerName, "-D", ManagerDN, "-w", ManagerPassword}, arguments...)...)
	program.Env = append(os.Environ(), "LDAPTLS_CACERT="+CAFile)
	program.Stdin = bytes.NewReader([]byte(input))
	return program.CombinedOutput()
}

// Stop ends the server.
func (s *Server) Stop() error {
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop ns-slapd: %w", err)
	}
	var ended *exec.ExitError
	if err := s.process.Wait(); err != nil && !errors.As(err, &ended) {
		return fmt.Errorf("stop ns-slapd: %w", err)
	}
	return nil
}
