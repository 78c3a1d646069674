// Package config reads goldap's configuration.
//
// There is one model, [Config], and there are several spellings of it: TOML,
// which can say everything, and nslcd.conf and PADL's pam_ldap.conf (also known
// as ldap.conf), which are read as they are so that a machine can move to goldap
// without a new file. Whatever the spelling, [Load] returns the same complete and checked
// value:
//
//	path, err := config.Find(*flagConfig) // "" means the usual places
//	if err != nil {
//		return err
//	}
//	cfg, err := config.Load(path)
//	if err != nil {
//		return err // every problem at once, one per line: FILE:LINE: KEY: text
//	}
//	for _, warning := range cfg.Warnings {
//		logger.Warn("configuration", "problem", warning.String())
//	}
//
// An option is declared once, as a field in model*.go with its key, default and
// doc comment; the commented reference etc/goldap.toml and the page goldap.toml(5)
// are generated from there (go generate ./pkg/config). The keywords of the older spellings are rows of
// one table, in keywords.go.
//
// [Convert] reads the files of other programs for whoever moves to goldap: the two
// spellings above, and SSSD's sssd.conf, which Load does not read. It says what
// became of each line.
//
// # Secrets
//
// A password that stands in a file which others may read is an error that
// names the chmod to type. Passwords in files of their own (bind_password_file
// and its like, and the secret file of PADL's rootbinddn) are read by Load and
// end up in the same fields as passwords in the configuration. No problem,
// whether error or warning, ever shows the value of a secret, of an unknown
// key, or of a line that could not be understood.
//
// # What Load looks at
//
// Load reads the file, the secret files it names, and opens the TLS files it
// names. It opens no connection and asks no name service. Of the environment it
// looks at CREDENTIALS_DIRECTORY only (systemd.exec(5)), for relative names of
// secret files.
package config

//go:generate go run ./internal/genreference
