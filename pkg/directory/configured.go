package directory

import (
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/goldap/goldap/pkg/config"
)

// Times where the configuration has none.
const (
	defaultConnectTimeout = 5 * time.Second
	defaultSearchTimeout  = 10 * time.Second
	defaultIdleTimeout    = 5 * time.Minute
	defaultRetryMin       = time.Second
	defaultRetryMax       = 30 * time.Second
)

// defaultNestedGroupDepth is the nested_group_depth of a configuration that has
// none.
const defaultNestedGroupDepth = 16

func withDefaults(cfg config.Directory) config.Directory {
	if cfg.Name == "" {
		cfg.Name = cfg.Base
	}
	for _, one := range []struct {
		to    *time.Duration
		usual time.Duration
	}{
		{&cfg.ConnectTimeout, defaultConnectTimeout},
		{&cfg.SearchTimeout, defaultSearchTimeout},
		{&cfg.IdleTimeout, defaultIdleTimeout},
		{&cfg.RetryMin, defaultRetryMin},
		{&cfg.RetryMax, defaultRetryMax},
	} {
		if *one.to <= 0 {
			*one.to = one.usual
		}
	}
	if cfg.NestedGroupDepth <= 0 {
		cfg.NestedGroupDepth = defaultNestedGroupDepth
	}
	cfg.RetryMax = max(cfg.RetryMin, cfg.RetryMax)
	cfg.SearchConnections = max(cfg.SearchConnections, 1)
	cfg.BindConnections = max(cfg.BindConnections, 0)
	return cfg
}

// addServers makes a source of every URI and of every server with settings of
// its own, and reports everything that is wrong with them.
func (d *Directory) addServers() error {
	if len(d.cfg.URIs)+len(d.cfg.Servers) == 0 {
		return errors.New("no server is configured")
	}
	common, err := d.commonSettings()
	var err2 error
	d.referrer, err2 = d.newReferrer(common)
	common.referrer = d.referrer
	problems := []error{err, err2}
	for _, uri := range d.cfg.URIs {
		problems = append(problems, d.addSource(uri, common))
	}
	for _, one := range d.cfg.Servers {
		own, err := d.ownSettings(one, common)
		if err != nil {
			problems = append(problems, fmt.Errorf("server %q: %w", one.URI, err))
			continue
		}
		problems = append(problems, d.addSource(one.URI, own))
	}
	problems = append(problems, d.addWriters(common))
	return errors.Join(problems...)
}

// commonSettings are those of servers that have none of their own.
func (d *Directory) commonSettings() (settings, error) {
	set := settings{
		identity:       identity{dn: d.cfg.BindDN, password: d.cfg.BindPassword},
		connectTimeout: d.cfg.ConnectTimeout, searchTimeout: d.cfg.SearchTimeout,
		policy: d.cfg.PasswordPolicy,
	}
	var err, err2 error
	set.deref, err = parseDeref(d.cfg.Deref)
	set.identity.sasl, err2 = newSASL(d.cfg.SASL)
	return set, errors.Join(err, err2, set.secure(d.cfg.TLS))
}

func parseDeref(deref string) (int, error) {
	switch deref {
	case "", "never":
		return ldap.NeverDerefAliases, nil
	case "searching":
		return ldap.DerefInSearching, nil
	case "finding":
		return ldap.DerefFindingBaseObj, nil
	case "always":
		return ldap.DerefAlways, nil
	}
	return 0, fmt.Errorf("deref %q: must be never, searching, finding or always", deref)
}

// ownSettings are those of a server that has its own, and the common ones
// where it does not. The directory's bind DN moves with the base, the server's
// own is meant as it stands.
func (d *Directory) ownSettings(cfg config.Server, common settings) (settings, error) {
	set := common
	var err, err2 error
	if set.base, err = newRebase(d.cfg.Base, cfg.Base); err != nil {
		return set, fmt.Errorf("base %q: %w", cfg.Base, err)
	}
	set.identity.dn = set.base.there(common.identity.dn)
	if cfg.BindDN != "" {
		set.identity = identity{dn: cfg.BindDN, password: cfg.BindPassword}
	}
	if cfg.TLS.Mode != "" {
		err2 = set.secure(cfg.TLS)
	}
	if cfg.ConnectTimeout > 0 {
		set.connectTimeout = cfg.ConnectTimeout
	}
	if cfg.SearchTimeout > 0 {
		set.searchTimeout = cfg.SearchTimeout
	}
	return set, err2
}

// secure reads the files that cfg names.
func (set *settings) secure(cfg config.TLS) error {
	var err, err2 error
	var secured *tls.Config
	set.mode, err = checkMode(cfg.Mode)
	secured, err2 = tlsConfig(cfg)
	set.tls, set.allowClearText = secured, cfg.AllowClearText
	return errors.Join(err, err2)
}
