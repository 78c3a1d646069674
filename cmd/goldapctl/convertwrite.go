package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/secret"
)

// namedSecret is a password and the name of the file that it goes into.
type namedSecret struct {
	name     string
	path     string // of the key in the configuration
	password secret.Secret
}

// nameSecrets gives each password that has no file one, and returns them.
func nameSecrets(cfg *config.Config) []namedSecret {
	var secrets []namedSecret
	take := func(i int, what string, password secret.Secret, file *string) {
		if password.IsEmpty() || *file != "" {
			return
		}
		*file = what + ".secret"
		if i > 0 {
			*file = what + "-" + strconv.Itoa(i+1) + ".secret"
		}
		secrets = append(secrets, namedSecret{*file, fmt.Sprintf("directory[%d].%s_password", i, map[string]string{"bind": "bind", "root": "root_bind"}[what]), password})
	}
	for i := range cfg.Directories {
		d := &cfg.Directories[i]
		take(i, "bind", d.BindPassword, &d.BindPasswordFile)
		take(i, "root", d.RootBindPassword, &d.RootBindPasswordFile)
	}
	return secrets
}

func wipeSecrets(secrets []namedSecret) {
	for _, s := range secrets {
		s.password.Wipe()
	}
}

// convertedText returns the new file.
func convertedText(file string, c *config.Conversion) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Made by goldapctl convert of %q (%s).\n\n", file, c.From)
	err := config.Write(&b, c.Config, config.WriteOptions{})
	return b.Bytes(), err
}

// writeConverted writes the new file and its secret files, all or none of them, and
// returns their names. What it writes is loaded before it gets its name.
func writeConverted(output, input string, text []byte, secrets []namedSecret, force bool) (written []string, err error) {
	dir := filepath.Dir(output)
	targets := []string{output}
	for _, s := range secrets {
		targets = append(targets, filepath.Join(dir, s.name))
	}
	if err := checkTargets(targets, input, force); err != nil {
		return nil, withStatus(exitNegative, fmt.Errorf("convert: %w", err))
	}
	defer func() {
		if err != nil && !force { // with force it may be somebody else's
			for _, name := range written {
				_ = os.Remove(name)
			}
			written = nil
		}
	}()
	for i, s := range secrets {
		line := append(bytes.Clone(s.password.Bytes()), '\n')
		err := publish(targets[i+1], line, force, nil)
		clear(line)
		if err != nil {
			return written, withStatus(exitUnavailable, fmt.Errorf("convert: %w", err))
		}
		written = append(written, targets[i+1])
	}
	if err := publish(output, text, force, loads); err != nil {
		return written, withStatus(exitUnavailable, fmt.Errorf("convert: %w", err))
	}
	return append([]string{output}, written...), nil
}

// loads checks that goldap reads a file. What the file names may be missing: it may be
// for another machine.
func loads(path string) error {
	_, err := config.Load(path)
	var problems config.Errors
	if !errors.As(err, &problems) {
		return err
	}
	if problems = slices.DeleteFunc(problems, func(p config.Problem) bool { return errors.Is(p.Err, fs.ErrNotExist) }); len(problems) > 0 {
		return problems
	}
	return nil
}

// checkTargets refuses to write over files, and over the old one in any case.
func checkTargets(targets []string, input string, force bool) error {
	old, err := os.Stat(input)
	if err != nil {
		return err
	}
	for _, target := range targets {
		info, err := os.Stat(target)
		switch {
		case err == nil && os.SameFile(info, old):
			return fmt.Errorf("%s is the file to convert", target)
		case err == nil && !force:
			return fmt.Errorf("%s is there already: move it away, or say --force; nothing was written", target)
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	return nil
}

// convertedMode: the administrators write, goldapd reads.
const convertedMode = 0o640

// publish writes a file under another name, has it checked, and gives it its own.
func publish(path string, content []byte, force bool, check func(string) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".goldapctl-*.toml")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(convertedMode), giveToGoldap(f), f.Sync(), f.Close())
	if err == nil && check != nil {
		err = check(f.Name())
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if force {
		return os.Rename(f.Name(), path)
	}
	return os.Link(f.Name(), path) // never over another
}

// giveToGoldap has the group of goldapd read a file, where there is one and we are
// root.
func giveToGoldap(f *os.File) error {
	group, err := user.LookupGroup("goldap")
	if err != nil || os.Geteuid() != 0 {
		return nil //nolint:nilerr // without the group, goldapd runs as somebody else
	}
	gid, err := strconv.Atoi(group.Gid)
	if err != nil {
		return err
	}
	return f.Chown(-1, gid)
}
