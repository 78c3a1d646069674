package config

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Conversion is the configuration of another program as goldap has it, and what
// has become of each line.
type Conversion struct {
	// Config is what goldap.toml has to say. Write writes it.
	Config *Config
	// From is the program: nslcd, pam_ldap or sssd.
	From string
	// Lost are lines that cannot be carried over; Notes are about lines that mean
	// something a little different.
	Lost, Notes []Problem
	// Secrets say where passwords stand in the file itself, by the path of the key
	// in Config: directory[0].bind_password.
	Secrets map[string]Problem
}

// Programs returns the names of the programs whose files Convert reads.
func Programs() []string { return []string{"nslcd", "pam_ldap", "sssd"} }

// Convert reads a configuration of another program. from is one of Programs, or
// empty for what the name and the contents of the file say; domain is the one
// domain of sssd.conf to read, or empty for all. The error is of type [Errors] and
// names each line that is broken, as that of Load does.
func Convert(path, from, domain string) (*Conversion, error) {
	data, info, err := readFile(path)
	if err != nil {
		return nil, Errors{{File: path, Text: err.Error(), Err: err}}
	}
	defer clear(data)
	if from == "" {
		from = programOf(path, data)
	}
	if domain != "" && from != "sssd" {
		return nil, Errors{{File: path, Text: "has no domains: only files of sssd have"}}
	}
	d, err := parseFor(path, from, domain, data)
	if err != nil {
		return nil, err
	}
	d.noteMode(info.Mode())
	if from != "sssd" {
		d.noteManaged()
	}
	if !d.stopped {
		d.readSecretFiles()
		d.check()
		d.checkFiles()
		d.forgiveMissing()
	}
	return d.conversion(from)
}

// noteMode tells of a password that others have been able to read. (The new file
// gets a mode of its own.)
func (d *draft) noteMode(mode fs.FileMode) {
	for _, path := range d.secrets {
		if isOpen(mode) {
			d.warn(path, "", "stands in a file that others may read: if somebody else has, change the password")
		}
	}
}

// forgiveMissing makes notes of files that are not there: the new file may be for
// another machine.
func (d *draft) forgiveMissing() {
	isMissing := func(p Problem) bool { return errors.Is(p.Err, fs.ErrNotExist) }
	for _, p := range d.errors {
		if isMissing(p) {
			d.warnings = append(d.warnings, p)
		}
	}
	d.errors = slices.DeleteFunc(d.errors, isMissing)
}

// noteManaged tells of settings that goldap itself keeps beside the file: they stay
// where they are.
func (d *draft) noteManaged() {
	if _, err := os.Stat(ManagedPath(d.file)); err == nil {
		d.loseAt(place{}, "", "is read with "+ManagedPath(d.file)+" over it, which is not carried over: "+
			"it belongs beside the new file, as managed/NAME.toml")
	}
}

// programOf guesses whose file it is: SSSD's has sections, nslcd's has its name, and
// everything else is PADL's, as for Load.
func programOf(path string, data []byte) string {
	for line := range bytes.Lines(data) {
		if bytes.HasPrefix(line, []byte("[")) && bytes.HasSuffix(bytes.TrimSpace(line), []byte("]")) {
			return "sssd"
		}
	}
	switch name := filepath.Base(path); {
	case strings.HasPrefix(name, "sssd"):
		return "sssd"
	case strings.HasPrefix(name, "nslcd"):
		return "nslcd"
	}
	return "pam_ldap"
}

// parseFor reads the contents of a program's file.
func parseFor(path, from, domain string, data []byte) (*draft, error) {
	switch from {
	case "nslcd":
		d := newDraft(path, spellNSLCD)
		d.readNSLCD(data)
		return d, nil
	case "pam_ldap":
		d := newDraft(path, spellPADL)
		d.readPADL(data)
		return d, nil
	case "sssd":
		snippets, err := readSnippets(path)
		if err != nil {
			return nil, err
		}
		d := newDraft(path, spellSSSD)
		d.readSSSD(append([]sssdFile{{path, data}}, snippets...), domain)
		for _, snippet := range snippets {
			clear(snippet.data)
		}
		return d, nil
	}
	return nil, Errors{{File: path, Text: shown(from) + " is none of " + strings.Join(Programs(), ", ") + didYouMean(from, Programs())}}
}

// readSnippets reads the files of conf.d beside sssd.conf, in the order in which
// SSSD does. Only SSSD's own file has them, whatever its name.
func readSnippets(path string) ([]sssdFile, error) {
	names, err := filepath.Glob(filepath.Join(filepath.Dir(path), "conf.d", "*.conf"))
	if err != nil || filepath.Base(path) != "sssd.conf" {
		return nil, nil //nolint:nilerr // a folder whose name is no pattern has no snippets
	}
	slices.Sort(names)
	var snippets []sssdFile
	for _, name := range names {
		if strings.HasPrefix(filepath.Base(name), ".") {
			continue
		}
		data, _, err := readFile(name)
		if errors.Is(err, fs.ErrNotExist) || isFolder(name) {
			continue
		}
		if err != nil {
			return nil, Errors{{File: name, Text: err.Error(), Err: err}}
		}
		snippets = append(snippets, sssdFile{name, data})
	}
	return snippets, nil
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// conversion ends the reading: the configuration, or everything that is wrong.
func (d *draft) conversion(from string) (*Conversion, error) {
	c := &Conversion{From: from, Secrets: map[string]Problem{}}
	for _, path := range d.secrets {
		c.Secrets[path] = d.problem(path, "", "is a password")
	}
	d.errors, d.warnings = withoutRepeats(d.errors), withoutRepeats(d.warnings)
	var err error
	if c.Config, err = d.result(); err != nil {
		return nil, err
	}
	for _, p := range c.Config.Warnings {
		if p.Lost {
			c.Lost = append(c.Lost, p)
		} else {
			c.Notes = append(c.Notes, p)
		}
	}
	return c, nil
}

// withoutRepeats leaves out what was said already: one key of SSSD's can be several
// of goldap's.
func withoutRepeats(problems []Problem) []Problem {
	said := map[string]bool{}
	return slices.DeleteFunc(problems, func(p Problem) bool {
		text := p.String()
		before := said[text]
		said[text] = true
		return before
	})
}
