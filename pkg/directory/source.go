package directory

import (
	"context"
	"time"
)

// source is one entry of the configured list of servers: a server, or a name
// for which DNS has some.
type source struct {
	uri string
	one []*server // or
	dns *dnsSource
}

// addSource adds the source for a URI of the configuration.
func (d *Directory) addSource(uri string, set settings) error {
	src, err := d.newSource(uri, set)
	if err == nil {
		d.sources = append(d.sources, src)
	}
	return err
}

func (d *Directory) newSource(uri string, set settings) (*source, error) {
	if isDNS(uri) {
		dns, err := d.newDNSSource(uri, set)
		if err != nil {
			return nil, err
		}
		return &source{uri: uri, dns: dns}, nil
	}
	at, err := parseURI(uri, set.mode)
	if err == nil {
		err = set.identity.sasl.fits(&set, at)
	}
	if err != nil {
		return nil, err
	}
	return &source{uri: uri, one: []*server{d.newServer(set, at)}}, nil
}

// get returns the servers in order, after asking DNS if that was never done.
func (src *source) get(ctx context.Context) ([]*server, error) {
	if src.dns != nil {
		return src.dns.get(ctx)
	}
	return src.one, nil
}

// known returns the servers without asking DNS.
func (src *source) known() []*server {
	if src.dns != nil {
		return src.dns.known()
	}
	return src.one
}

// unasked reports whether DNS was never asked, so that there may be servers.
func (src *source) unasked() bool { return src.dns != nil && src.dns.unasked() }

// lookAgain asks DNS in the background, unless it did within the last
// interval. It returns a channel that is closed when that is over, nil if
// there is nothing to wait for.
func (src *source) lookAgain(interval time.Duration) <-chan struct{} {
	if src.dns == nil {
		return nil
	}
	return src.dns.lookAgain(interval)
}
