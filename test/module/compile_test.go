package module

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// strict are the warnings that all C of goldap is compiled with.
var strict = strings.Fields("-std=c11 -g -O1 -Wall -Wextra -Werror -Wconversion -Wshadow -Wformat=2 -Wno-format-nonliteral -fno-omit-frame-pointer")

// sanitized makes memory errors, undefined behaviour and leaks end a program
// with a status that is not 0.
var sanitized = []string{"-fsanitize=address,undefined", "-fno-sanitize-recover=all"}

const hosts, front = "../hosts", "../../pam_module"

// target is one program or library to compile.
type target struct {
	output string
	flags  []string
	files  []string
	libs   []string
}

// compileAll builds what the tests need into dir, which everybody may enter.
func compileAll(dir string) error {
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	host := []string{"host.c", "login.c", "threads.c", "inspect.c", "trouble.c"}
	built.host, built.checkedHost = at("host"), at("host-checked")
	built.session, built.checkedSession = at("session"), at("session-checked")
	built.checkedModule = at("pam_goldap_checked.so")
	built.faults = at("faults.so")
	pam := []string{"-lpam", "-pthread"}
	return compile(
		target{built.host, nil, in(hosts, host...), pam},
		target{built.checkedHost, sanitized, in(hosts, host...), pam},
		target{built.session, nil, in(hosts, "session.c"), pam},
		target{built.checkedSession, sanitized, in(hosts, "session.c"), pam},
		checkedModule(),
		target{built.faults, []string{"-shared", "-fPIC"}, in(hosts, "faults.c"), []string{"-lpam"}},
	)
}

// checkedModule is the C front alone, with sanitizers. The program that it
// executes where no daemon answers is the real module: Go and its runtime are
// not checked here.
func checkedModule() target {
	files := in(front, "account.c", "admit.c", "ask.c", "auth.c", "call.c", "log.c", "password.c", "peer.c", "session.c", "spawn.c", "state.c", "wire.c")
	flags := append([]string{"-shared", "-fPIC", `-DGOLDAP_PROGRAM="` + modulePath + `"`,
		"-Wl,--version-script=" + front + "/exports.map"}, sanitized...)
	return target{built.checkedModule, flags, files, []string{"-lpam"}}
}

func in(dir string, files ...string) []string {
	paths := make([]string, len(files))
	for i, file := range files {
		paths[i] = filepath.Join(dir, file)
	}
	return paths
}

// compile compiles the targets, two at a time.
func compile(targets ...target) error {
	var wg sync.WaitGroup
	slots := make(chan struct{}, 2)
	errs := make([]error, len(targets))
	for i, t := range targets {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			errs[i] = t.compile()
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (t target) compile() error {
	args := append(append([]string{}, strict...), t.flags...)
	args = append(append(args, "-o", t.output), append(t.files, t.libs...)...)
	out, err := exec.Command("gcc", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("gcc %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}
