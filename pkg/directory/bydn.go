package directory

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// Entries are looked for by their DN in batches, several at a time. Those of
// groups with their members are small, for an answer has a size limit.
const (
	batchSize       = 200
	memberBatchSize = 16
	parallelBatches = 4
)

// entriesByDN returns the entries of the map that have one of the DNs, by
// normalDN. A batch of size is one search of the map's bases for the values in the
// RDNs, from which the entries with the right DN are taken: so it finds what
// any other search of the map finds, and nothing else.
func (d *Directory) entriesByDN(ctx context.Context, m *mapping, size int, dns, attributes []string) (map[string]entry, error) {
	wanted := make(map[string]filter, len(dns))
	for _, dn := range dns {
		if match := rdnFilter(dn); match.text != "" {
			wanted[normalDN(dn)] = match
		}
	}
	filters := make([]filter, 0, len(wanted))
	for _, match := range wanted {
		filters = append(filters, match)
	}
	found, err := d.inBatches(ctx, m, size, filters, attributes)
	if err != nil {
		return nil, err
	}
	entries := make(map[string]entry, len(found))
	for _, e := range found {
		key := normalDN(e.DN)
		if _, ok := wanted[key]; ok {
			entries[key] = e
		}
	}
	return entries, nil
}

// inBatches returns the entries of the map that match any of the filters, which
// are joined in batches of size.
func (d *Directory) inBatches(ctx context.Context, m *mapping, size int, filters []filter, attributes []string) ([]entry, error) {
	results := make([][]entry, (len(filters)+size-1)/size)
	searches, ctx := errgroup.WithContext(ctx)
	searches.SetLimit(parallelBatches)
	for i := range results {
		batch := filters[i*size : min((i+1)*size, len(filters))]
		searches.Go(func() (err error) {
			panicked := guarded(func() { results[i], err = d.findAll(ctx, m, "several DNs", or(batch...), attributes) })
			if panicked != nil {
				return fmt.Errorf("%w: search %s by DN: %w", ErrUnavailable, m.name, unwrapped{panicked})
			}
			return err
		})
	}
	err := searches.Wait()
	var all []entry
	for _, found := range results {
		all = append(all, found...)
	}
	return all, err
}
