package directory

import (
	"context"
	"errors"
	"slices"
)

// addWriters makes the sources of write_uris. A server that is one of uris or
// has settings of its own is the same one here.
func (d *Directory) addWriters(common settings) error {
	common.writesOnly = true
	var problems []error
	for _, uri := range d.cfg.WriteURIs {
		if known := d.sourceOf(uri); known != nil {
			d.writers = append(d.writers, known)
			continue
		}
		src, err := d.newSource(uri, common)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		d.writers = append(d.writers, src)
		d.writeOnly = append(d.writeOnly, src)
	}
	return errors.Join(problems...)
}

// sourceOf returns the source for a URI of uris, or nil.
func (d *Directory) sourceOf(uri string) *source {
	for _, src := range d.sources {
		if src.uri == uri {
			return src
		}
	}
	return nil
}

// writing returns the sources of the servers that take changes.
func (d *Directory) writing() []*source {
	if len(d.writers) > 0 {
		return d.writers
	}
	return d.sources
}

// takesChanges reports whether a server is one of those.
func (d *Directory) takesChanges(s *server) bool {
	return len(d.writers) == 0 || slices.Contains(serversOf(d.writers), s)
}

// tryWriters is try among the servers that take changes.
func (d *Directory) tryWriters(ctx context.Context, doing string, operation func(context.Context, *server) error) error {
	return d.tryAmong(ctx, d.writing(), doing, operation)
}
