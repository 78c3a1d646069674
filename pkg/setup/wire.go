package setup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
)

// PAMLines are what a service file needs where nothing writes it.
const PAMLines = `auth        sufficient    pam_unix.so
auth        sufficient    pam_goldap.so minimum_uid=1000 use_first_pass
auth        required      pam_deny.so
account     required      pam_unix.so
account     required      pam_goldap.so minimum_uid=1000
password    sufficient    pam_unix.so
password    sufficient    pam_goldap.so minimum_uid=1000 try_first_pass
password    required      pam_deny.so
session     required      pam_unix.so
session     optional      pam_goldap.so minimum_uid=1000
`

// ErrByHand: this machine has nothing that writes its service files.
var ErrByHand = errors.New("there is neither pam-auth-update nor authselect here: write the lines into the service files yourself")

const (
	pamAuthUpdateProgram = "/usr/sbin/pam-auth-update"
	pamProfile           = "/usr/share/pam-configs/goldap"
	authselectProgram    = "/usr/bin/authselect"
	authselectProfile    = "/usr/share/authselect/vendor/goldap"
	nsswitchProgram      = "/usr/libexec/goldap/nsswitch"
	nsswitchFile         = "/etc/nsswitch.conf"
)

// Execute is the usual Options.Run. If this process is killed, the program is,
// too: it must not go on changing files that Undo puts back.
func Execute(ctx context.Context, name string, args ...string) error {
	runtime.LockOSThread() // the kernel takes the end of the thread for the parent's
	defer runtime.UnlockOSThread()
	command := exec.CommandContext(ctx, name, args...)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	command.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8")
	said, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", commandText(name, args), err, bytes.TrimSpace(said))
	}
	return nil
}

func (o Options) exists(path string) bool {
	_, err := os.Stat(o.real(path))
	return err == nil
}

// WirePAM has the machine's own program put pam_goldap into the stacks of all
// services.
func (j *Journal) WirePAM(ctx context.Context) error {
	switch {
	case j.opts.exists(pamAuthUpdateProgram):
		return j.wirePAMAuthUpdate(ctx)
	case j.opts.exists(authselectProgram):
		return j.wireAuthselect(ctx)
	}
	return ErrByHand
}

func (j *Journal) wirePAMAuthUpdate(ctx context.Context) error {
	if !j.opts.exists(pamProfile) {
		return fmt.Errorf("there is no %s: install libpam-goldap", pamProfile)
	}
	args := []string{"--enable", "goldap"}
	if j.opts.Root != "" {
		args = append([]string{"--root", j.opts.Root}, args...)
	}
	if err := j.Command(ctx, []string{"/etc/pam.d/common-*", "/var/lib/pam/*"}, "pam-auth-update", args...); err != nil {
		return err
	}
	stack, err := os.ReadFile(j.opts.real("/etc/pam.d/common-auth"))
	if err == nil && !bytes.Contains(stack, []byte("pam_goldap.so")) {
		err = errors.New("pam-auth-update has changed nothing, since /etc/pam.d/common-* were edited by hand: " +
			"add the lines there, or have it overwrite them (pam-auth-update --force --enable goldap)")
	}
	return err
}

// authselectFiles are what authselect writes: the files themselves, and the
// links in their places.
var authselectFiles = []string{
	"/etc/authselect/*", "/etc/pam.d/*", nsswitchFile, "/etc/dconf/db/distro.d/*-authselect", "/etc/dconf/db/distro.d/locks/*-authselect",
}

func (j *Journal) wireAuthselect(ctx context.Context) error {
	if !j.opts.exists(authselectProfile) {
		return fmt.Errorf("there is no %s: install libpam-goldap", authselectProfile)
	}
	return j.Command(ctx, authselectFiles, authselectProgram, "select", "goldap")
}

// ByAuthselect reports whether nsswitch.conf is written by authselect, together
// with the stacks.
func (j *Journal) ByAuthselect() bool {
	target, err := os.Readlink(j.opts.real(nsswitchFile))
	return err == nil && filepath.Dir(target) == "/etc/authselect" || j.opts.exists(authselectProgram) && !j.opts.exists(pamAuthUpdateProgram)
}

// beside is how the names of mktemp(1) end, with which the script writes the new
// file beside the old one.
const beside = ".??????"

// WireNSSwitch puts goldap into nsswitch.conf.
func (j *Journal) WireNSSwitch(ctx context.Context) error {
	if !j.opts.exists(nsswitchProgram) {
		return fmt.Errorf("there is no %s: install libnss-goldap", nsswitchProgram)
	}
	args := []string{"add"}
	if j.opts.Root != "" {
		args = append(args, "--file", j.opts.real(nsswitchFile))
	}
	files := []string{nsswitchFile, nsswitchFile + beside}
	if target, err := filepath.EvalSymlinks(j.opts.real(nsswitchFile)); err == nil {
		files = append(files, j.opts.shown(target), j.opts.shown(target)+beside)
	}
	const mark = "/var/lib/libnss-goldap" // what tells the package that this was done
	if err := j.Folder(mark); err != nil {
		return err
	}
	return j.Command(ctx, append(files, mark+"/*"), j.opts.real(nsswitchProgram), args...)
}

const systemctl = "systemctl"

// StartDaemon has goldapd read the configuration, and starts it where systemd
// runs. It returns what is left to do, "" if nothing is.
func (j *Journal) StartDaemon(ctx context.Context) (left string, err error) {
	if !j.opts.exists("/run/systemd/system") {
		return "start goldapd, or have it read the configuration again (SIGHUP)", nil
	}
	for _, unit := range []string{"goldapd.socket", "goldapd-admin.socket", "goldapd.service"} {
		if j.opts.Run(ctx, systemctl, "--quiet", "is-active", unit) == nil {
			continue
		}
		if err := j.Started(unit); err != nil {
			return "", err
		}
		if err := j.opts.Run(ctx, systemctl, "start", unit); err != nil {
			return "see systemctl status " + unit, err
		}
	}
	return "", j.opts.Run(ctx, systemctl, "restart", "goldapd.service")
}
