package config

import (
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// The managed file belongs to goldapd's own user, and root reads it, too: the
// module without a daemon does. What follows keeps that user from having root
// open, read or send what it could not itself.

// managedBeside is the folder of the administrator's that a managed file is in,
// by way of its own: that of the configuration, but for one in /etc /etc/goldap,
// since /etc has the secrets of others.
func managedBeside(base string) string { return filepath.Dir(filepath.Dir(ManagedPath(base))) }

// checkManagedSecrets refuses password files elsewhere than beside the
// configuration: root would read the first line of any file, and send it to a
// server that the same file names.
func (d *draft) checkManagedSecrets(dir *Directory, at, beside string) {
	d.checkManagedSecret(at+".bind_password_file", &dir.BindPasswordFile, beside)
	d.checkManagedSecret(at+".root_bind_password_file", &dir.RootBindPasswordFile, beside)
	for i := range dir.Servers {
		s := &dir.Servers[i]
		d.checkManagedSecret(index(at+".server", i)+".bind_password_file", &s.BindPasswordFile, beside)
	}
}

func (d *draft) checkManagedSecret(path string, name *string, beside string) {
	if *name == "" {
		return
	}
	if plain, found := strings.CutPrefix(*name, strings.TrimSuffix(beside, "/")+"/"); found {
		*name = plain
	}
	if strings.ContainsRune(*name, '/') {
		d.untrusted = true
		d.fail(path, *name, "must be the name of a file in %s or of a credential of the service, without a slash", beside)
		return
	}
	if _, found := credentialPath(*name); !found {
		*name = filepath.Join(beside, *name)
	}
}

// namedFile is a key that names a file for TLS or Kerberos.
type namedFile struct {
	key  string
	path *string
	// secret says that whoever has the file is somebody.
	secret bool
}

func (t *TLS) namedFiles(at string) []namedFile {
	return []namedFile{{at + ".ca_file", &t.CAFile, false}, {at + ".ca_dir", &t.CADir, false}, {at + ".cert_file", &t.CertFile, false},
		{at + ".key_file", &t.KeyFile, true}, {at + ".crl_file", &t.CRLFile, false}}
}

func (d *Directory) namedFiles(at string) []namedFile {
	files := append(d.TLS.namedFiles(at+".tls"), namedFile{at + ".sasl.keytab", &d.SASL.Keytab, true},
		namedFile{at + ".sasl.credential_cache", &d.SASL.CredentialCache, true}, namedFile{at + ".sasl.kerberos_config", &d.SASL.KerberosConfig, false})
	for i := range d.Servers {
		files = append(files, d.Servers[i].TLS.namedFiles(index(at+".server", i)+".tls")...)
	}
	return files
}

// checkManagedFiles refuses files for TLS and Kerberos that the administrator
// does not name, if root should not open them: those in folders where others than
// root make files, which can be devices and pipes, and keys and tickets that are
// not goldap's. own is the administrator's draft.
func (d *draft) checkManagedFiles(m *Managed, own *draft) {
	var named []string
	for i := range own.cfg.Directories {
		for _, file := range own.cfg.Directories[i].namedFiles("") {
			if *file.path != "" {
				named = append(named, own.besideFile(*file.path))
			}
		}
	}
	beside := managedBeside(own.file)
	for i := range m.Directories {
		d.checkManagedSelf(&m.Directories[i], index("directory", i), own)
		for _, file := range m.Directories[i].namedFiles(index("directory", i)) {
			given, path := *file.path, own.besideFile(*file.path)
			if given == "" || slices.Contains(named, path) {
				continue
			}
			path = filepath.Clean(path)
			switch {
			case file.secret && filepath.Dir(path) != filepath.Clean(beside):
				d.fail(file.key, given, "must be the name of a file in %s, or one that the administrator's configuration names", beside)
			case !file.secret && !isRoots(path, beside):
				d.fail(file.key, given, "must be below %s, /etc or /usr, or one that the administrator's configuration names", beside)
			default:
				*file.path = path
				continue
			}
			d.untrusted = true
		}
	}
}

// checkManagedSelf refuses a bind as whoever asks at a socket of this machine, which
// would be root, unless the administrator's configuration has that.
func (d *draft) checkManagedSelf(dir *Directory, at string, own *draft) {
	const external = "EXTERNAL"
	if dir.SASL.Mechanism != external || slices.ContainsFunc(own.cfg.Directories, func(o Directory) bool { return o.SASL.Mechanism == external }) {
		return
	}
	uris := slices.Concat(dir.URIs, dir.WriteURIs)
	for i := range dir.Servers {
		uris = append(uris, dir.Servers[i].URI)
	}
	for _, uri := range uris {
		if _, local := cutPrefixFold(uri, "ldapi://"); local {
			d.untrusted = true
			d.fail(at+".sasl.mechanism", external, "must be in a directory of the administrator's configuration first: over ldapi:// it is the user who asks, and root asks, too")
			return
		}
	}
}

// isRoots reports whether a clean path is where only root makes files.
func isRoots(path, beside string) bool {
	for _, managed := range []string{filepath.Join(beside, "managed"), "/etc/goldap/managed"} {
		if isBelow(path, managed) {
			return false
		}
	}
	return isBelow(path, beside) || isBelow(path, "/etc") || isBelow(path, "/usr")
}

func isBelow(path, folder string) bool {
	relative, err := filepath.Rel(folder, path)
	return err == nil && filepath.IsLocal(relative)
}

// ownRootSecret reports whether the secret file of rootbinddn is for a directory:
// the administrator's, or a managed one in its place that has the same identity
// and leads to the same servers in the same way. That file may be readable by
// root alone.
func (d *draft) ownRootSecret(dir *Directory) bool {
	m := d.cfg.Managed
	return m == nil || !m.HasDirectory(directoryName(dir)) || slices.Contains(m.sameServers, directoryName(dir))
}

// leadsTo reports whether two directories of a draft have the same identity for
// root, and the same servers, and believe them for the same reasons.
func (d *draft) leadsTo(dir, own Directory) bool {
	paths := func(one *Directory) (files []string) {
		for _, file := range one.namedFiles("") {
			files = append(files, d.besideFile(*file.path))
			*file.path = ""
		}
		return files
	}
	if len(dir.Servers) > 0 || len(own.Servers) > 0 || dir.RootBindDN != own.RootBindDN || !slices.Equal(paths(&dir), paths(&own)) {
		return false
	}
	return slices.Equal(dir.URIs, own.URIs) && slices.Equal(dir.WriteURIs, own.WriteURIs) && reflect.DeepEqual(Plain(dir.TLS), Plain(own.TLS))
}

// ownedRight reports whether a managed file belongs to somebody who may decide
// who logs in: root, the owner of its folder, or whoever reads it.
func ownedRight(file, folder, self uint32) bool {
	return file == 0 || file == folder || file == self
}
