package config

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/goldap/goldap/pkg/secret"
)

// checkMode refuses a file that everybody may write, and one with a password
// in it that everybody may read.
func (d *draft) checkMode(mode fs.FileMode) {
	if mode.Perm()&0o002 != 0 {
		d.errors = append(d.errors, Problem{File: d.file, Text: "everybody may write the file, and so decide who logs in: " + chmod(d.file)})
	}
	if len(d.secrets) > 0 && isOpen(mode) {
		d.fail(d.secrets[0], "", "stands in a file that others may read: %s", chmod(d.file))
	}
}

// isOpen reports whether a file of this mode is open to others than its owner
// and its group in any way.
func isOpen(mode fs.FileMode) bool { return mode.Perm()&0o007 != 0 }

// chmod returns the commands that close a file to others.
func chmod(path string) string {
	path = shellQuote(path)
	return "chmod 0640 " + path + " (and chown root:goldap " + path + ")"
}

// shellQuote returns path as it is typed in a shell.
func shellQuote(path string) string {
	isPlain := func(c rune) bool {
		return c < 0x80 && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("/._-+@,", c))
	}
	if strings.IndexFunc(path, func(c rune) bool { return !isPlain(c) }) < 0 {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

// readSecretFiles reads the passwords that have files of their own.
func (d *draft) readSecretFiles() {
	for i := range d.cfg.Directories {
		dir, path := &d.cfg.Directories[i], "directory["+strconv.Itoa(i)+"]."
		d.readSecretFile(path+"bind_password_file", &dir.BindPasswordFile, &dir.BindPassword)
		d.readSecretFile(path+"root_bind_password_file", &dir.RootBindPasswordFile, &dir.RootBindPassword)
		for j := range dir.Servers {
			s := &dir.Servers[j]
			d.readSecretFile(index(path+"server", j)+".bind_password_file", &s.BindPasswordFile, &s.BindPassword)
		}
		if d.spelling == spellPADL && d.ownRootSecret(dir) {
			d.readRootSecret(dir)
		}
	}
}

// readSecretFile reads the file that *name names into password, and makes the
// name a path.
func (d *draft) readSecretFile(path string, name *string, password *secret.Secret) {
	if *name == "" {
		return
	}
	if !password.IsEmpty() {
		d.fail(path, *name, "is given although %s is, too: keep one", strings.TrimSuffix(withoutIndexes(path), "_file"))
		return
	}
	given := *name
	*name = d.secretPath(given)
	s, info, err := readSecret(*name)
	switch {
	case err != nil:
		d.failWith(err, path, given, "%s: %v", *name, err)
	case isOpen(info.Mode()):
		s.Wipe()
		d.fail(path, given, "is a secret file that others may read: %s", chmod(*name))
	default:
		*password = s
		d.cfg.Files = append(d.cfg.Files, *name)
	}
}

// secretPath returns where a secret file is: a relative name is looked for
// among the credentials of the systemd service (systemd.exec(5)) and then in the
// directory of the configuration.
func (d *draft) secretPath(name string) string {
	if path, found := credentialPath(name); found {
		return path
	}
	return d.besideFile(name)
}

// credentialPath returns the path of a credential of the systemd service, if
// there is one of that name.
func credentialPath(name string) (path string, found bool) {
	credentials := os.Getenv("CREDENTIALS_DIRECTORY")
	if credentials == "" || !filepath.IsLocal(name) {
		return "", false
	}
	path = filepath.Join(credentials, name)
	_, err := os.Stat(path)
	return path, !errors.Is(err, fs.ErrNotExist)
}

// besideFile returns the path of a file that is named relative to the
// configuration.
func (d *draft) besideFile(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(d.file), name)
}

// readSecret returns the first line of a file, which must not be empty.
func readSecret(path string) (secret.Secret, fs.FileInfo, error) {
	data, info, err := readFile(path)
	if err != nil {
		return secret.Secret{}, nil, err
	}
	line, _, _ := bytes.Cut(data, []byte("\n"))
	line = bytes.TrimRight(line, "\r")
	if len(line) == 0 {
		return secret.Secret{}, nil, errors.New("the first line, which should be the password, is empty")
	}
	clear(data[len(line):])
	return secret.New(line[:len(line):len(line)]), info, nil
}

// readRootSecret reads the secret file of rootbinddn. The old programs search
// as rootbinddn when root asks; goldap has one identity for everybody and takes
// rootbinddn for that only if there is no binddn.
func (d *draft) readRootSecret(dir *Directory) {
	if dir.RootBindDN == "" {
		return
	}
	const path = first + "root_bind_dn"
	name, s, info, err := d.findRootSecret()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.warn(path, "", "has no secret file (%s): root is asked for its password", name)
		return
	case errors.Is(err, fs.ErrPermission):
		d.warn(path, "", "has a secret file that this process may not read (%s): root is asked for its password", name)
		return
	case err != nil:
		d.failWith(err, path, "", "%s: %v", name, err)
		return
	case isOpen(info.Mode()):
		s.Wipe()
		d.fail(path, "", "has a secret file that others may read: %s", chmod(name))
		return
	}
	dir.RootBindPassword = s
	d.cfg.Files = append(d.cfg.Files, name)
	if dir.BindDN == "" || dir.BindDN == dir.RootBindDN && dir.BindPassword.IsEmpty() {
		dir.BindDN = dir.RootBindDN
		dir.BindPassword = secret.New(bytes.Clone(s.Bytes()))
	}
}

// findRootSecret reads the first secret file that exists: pam_ldap.secret or
// ldap.secret beside the configuration, which is in /etc by default.
func (d *draft) findRootSecret() (string, secret.Secret, fs.FileInfo, error) {
	name := d.besideFile("pam_ldap.secret")
	s, info, err := readSecret(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return name, s, info, err
	}
	older := d.besideFile("ldap.secret")
	s, info, err = readSecret(older)
	if !errors.Is(err, fs.ErrNotExist) {
		name = older
	}
	return name, s, info, err
}

// checkFiles makes the names of the files for TLS and Kerberos paths and sees
// whether they can be read.
func (d *draft) checkFiles() {
	for i := range d.cfg.Directories {
		dir, path := &d.cfg.Directories[i], index("directory", i)
		d.checkTLSFiles(&dir.TLS, path+".tls.")
		for j := range dir.Servers {
			d.checkTLSFiles(&dir.Servers[j].TLS, index(path+".server", j)+".tls.")
		}
		if dir.SASL.Mechanism == "GSSAPI" {
			d.checkReadable(path+".sasl.keytab", &dir.SASL.Keytab, false)
			d.checkReadable(path+".sasl.kerberos_config", &dir.SASL.KerberosConfig, false)
			d.checkTickets(path+".sasl.credential_cache", &dir.SASL.CredentialCache)
		}
	}
}

func (d *draft) checkTLSFiles(t *TLS, path string) {
	d.checkReadable(path+"ca_file", &t.CAFile, false)
	d.checkReadable(path+"ca_dir", &t.CADir, true)
	d.checkReadable(path+"cert_file", &t.CertFile, false)
	d.checkReadable(path+"key_file", &t.KeyFile, false)
	d.checkReadable(path+"crl_file", &t.CRLFile, false)
	if info, err := os.Stat(t.KeyFile); err == nil && isOpen(info.Mode()) {
		d.warn(path+"key_file", t.KeyFile, "is a private key that others may read: %s", chmod(t.KeyFile))
	}
}

// checkTickets makes the name of a credential cache a path. What keeps it fresh
// may start later, so that it need not be there yet.
func (d *draft) checkTickets(path string, name *string) {
	if *name == "" {
		return
	}
	*name = d.besideFile(*name)
	if _, err := os.Stat(*name); err != nil {
		d.warn(path, *name, "%v: goldap does not get into the directory until it can", withoutPath(err))
	}
}

func (d *draft) checkReadable(path string, name *string, directory bool) {
	if *name == "" {
		return
	}
	*name = d.besideFile(*name)
	f, err := os.Open(*name)
	if err != nil {
		err = withoutPath(err)
		d.failWith(err, path, *name, "%v", err)
		return
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		d.failWith(err, path, *name, "%v", err)
	case info.IsDir() && !directory:
		d.fail(path, *name, "is a directory, not a file")
	case !info.IsDir() && directory:
		d.fail(path, *name, "is a file, not a directory")
	}
}
