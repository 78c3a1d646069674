package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxFileSize is the largest configuration or secret file that is read.
const maxFileSize = 4 << 20

// UsualPlaces returns where a configuration is looked for, in order.
func UsualPlaces() []string {
	return []string{"/etc/goldap/goldap.toml", "/etc/pam_ldap.conf", "/etc/nslcd.conf"}
}

// Find returns the path of the configuration: explicit unless that is empty,
// else the first file that exists of /etc/goldap/goldap.toml,
// /etc/pam_ldap.conf and /etc/nslcd.conf. If there is none, the error wraps
// [fs.ErrNotExist].
func Find(explicit string) (path string, err error) {
	return find(explicit, UsualPlaces())
}

func find(explicit string, places []string) (string, error) {
	if explicit != "" {
		return explicit, nil
	}
	for _, path := range places {
		// A file that is there but may not be looked at is the one, too: to go
		// on to the next would be to use rules nobody meant.
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return path, nil
		}
	}
	return "", fmt.Errorf("no configuration: none of %s: %w", strings.Join(places, ", "), fs.ErrNotExist)
}

// Load reads the file in whatever spelling it is, the secret files it names,
// and checks everything. The error is of type [Errors] and holds all problems
// at once; errors.Is finds the error of the operating system in it.
//
// A name that ends in .toml is TOML, one that begins with nslcd is nslcd.conf,
// and everything else is PADL's pam_ldap.conf.
//
// The managed file that belongs to path (see [ManagedPath]) is read over it, if
// there is one.
func Load(path string) (*Config, error) {
	managed, err := readManaged(path)
	if err != nil {
		return nil, Errors{{File: ManagedPath(path), Text: err.Error(), Err: err}}
	}
	defer managed.wipe()
	return loadOver(path, managed)
}

// loadOver is Load with the contents of a managed file, which may not be there yet.
// nil is none.
func loadOver(path string, managed *managedFile) (*Config, error) {
	data, info, err := readFile(path)
	if err != nil {
		return nil, Errors{{File: path, Text: err.Error(), Err: err}}
	}
	d := parse(path, data)
	clear(data)
	d.checkMode(info.Mode())
	if !d.stopped {
		d.overlayFile(managed)
	}
	if !d.stopped && !d.untrusted {
		d.readSecretFiles()
	}
	if !d.stopped {
		d.check()
	}
	if !d.stopped && !d.untrusted {
		d.checkFiles()
	}
	return d.result()
}

// parse reads the contents of a file without looking at any other.
func parse(path string, data []byte) *draft {
	switch name := filepath.Base(path); {
	case strings.HasSuffix(name, ".toml"):
		d := newDraft(path, spellTOML)
		d.readTOML(data)
		return d
	case strings.HasPrefix(name, "nslcd"):
		d := newDraft(path, spellNSLCD)
		d.readNSLCD(data)
		return d
	default:
		d := newDraft(path, spellPADL)
		d.readPADL(data)
		return d
	}
}

// result ends the reading: the configuration, or everything that is wrong.
func (d *draft) result() (*Config, error) {
	if len(d.errors) > 0 {
		d.cfg.Wipe()
		all := append(d.errors, d.skipped...)
		sortByLine(all)
		return nil, Errors(all)
	}
	d.warnings = append(d.warnings, d.skipped...)
	sortByLine(d.warnings)
	d.cfg.Files = append([]string{d.file}, d.cfg.Files...)
	d.cfg.Warnings = d.warnings
	return d.cfg, nil
}

// Wipe overwrites the passwords of a configuration that is not needed any more.
func (c *Config) Wipe() {
	for _, directory := range c.Directories {
		directory.BindPassword.Wipe()
		directory.RootBindPassword.Wipe()
		for _, server := range directory.Servers {
			server.BindPassword.Wipe()
		}
	}
}

// readFile reads a file of sane size, and says how it was while it was read.
func readFile(path string) ([]byte, fs.FileInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, withoutPath(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, withoutPath(err)
	}
	if info.IsDir() {
		return nil, nil, errors.New("is a directory, not a file")
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err != nil {
		return nil, nil, withoutPath(err)
	}
	if len(data) > maxFileSize {
		return nil, nil, fmt.Errorf("is larger than %d MiB", maxFileSize>>20)
	}
	return data, info, nil
}

// withoutPath takes the path off the text of an error: whoever reports it
// names the file.
func withoutPath(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return fmt.Errorf("cannot be read: %w", pathError.Err)
	}
	return err
}
