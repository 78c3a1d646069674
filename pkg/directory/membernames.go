package directory

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// manyMembers is the number of DNs that do not say the user name from which on
// all users are read instead of those.
const manyMembers = 1000

// parallelReads is how many entries are read at a time.
const parallelReads = 8

// namesOf returns the user names behind the DNs, "" for what is no user.
func (d *Directory) namesOf(ctx context.Context, dns []string) ([]string, error) {
	names := make([]string, len(dns))
	asked := map[string][]int{} // places in names, by normalDN
	var unknown []string
	for i, dn := range dns {
		key := normalDN(dn)
		if name, known := d.memberNames.get(key); known {
			names[i] = name
			continue
		}
		if asked[key] == nil {
			unknown = append(unknown, dn)
		}
		asked[key] = append(asked[key], i)
	}
	began := d.memberNames.mark()
	found, err := d.readNames(ctx, unknown)
	if err != nil {
		return nil, err
	}
	for key, places := range asked {
		d.memberNames.put(key, found[key], began)
		for _, i := range places {
			names[i] = found[key]
		}
	}
	return names, nil
}

// readNames returns the user names of the entries with the DNs, by normalDN.
func (d *Directory) readNames(ctx context.Context, dns []string) (map[string]string, error) {
	if len(dns) == 0 {
		return nil, nil
	}
	if len(dns) > manyMembers {
		names, err := d.readAllNames(ctx, dns)
		if !errors.Is(err, ErrRefused) { // a server may limit how many entries it lets one read
			return names, err
		}
	}
	uid := d.maps.passwd.attribute("uid")
	entries, err := d.entriesByDN(ctx, &d.maps.passwd, batchSize, dns, []string{uid})
	if err != nil {
		return nil, err
	}
	names := make(map[string]string, len(dns))
	for key, e := range entries {
		if name, err := e.name(uid); err == nil {
			names[key] = name
		}
	}
	return names, d.readNamesOneByOne(ctx, dns, names)
}

// readNamesOneByOne reads the entries with the DNs that are not yet in names.
// Most are no users, but some may be outside the bases, or have an RDN that the
// pseudouser may not search for.
func (d *Directory) readNamesOneByOne(ctx context.Context, dns []string, names map[string]string) error {
	var left []string
	for _, dn := range dns {
		if names[normalDN(dn)] == "" && rdnFilter(dn).text != "" {
			left = append(left, dn)
		}
	}
	if len(left) > manyMembers {
		d.warnOnce("members", "members that no search of the passwd map finds are taken for no users, since they are too many to read each", "members", len(left))
		return nil
	}
	found := make([]string, len(left))
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(parallelReads)
	for i, dn := range left {
		reads.Go(func() (err error) {
			panicked := guarded(func() { found[i], err = d.nameOf(ctx, dn) })
			if panicked != nil {
				return fmt.Errorf("%w: read %q: %w", ErrUnavailable, dn, unwrapped{panicked})
			}
			return err
		})
	}
	err := reads.Wait()
	for i, name := range found {
		if name != "" {
			names[normalDN(left[i])] = name
		}
	}
	return err
}

// nameOf returns the user name of the entry with the DN, "" if it is no user.
func (d *Directory) nameOf(ctx context.Context, dn string) (string, error) {
	m := &d.maps.passwd
	uid := m.attribute("uid")
	found, err := d.readEntry(ctx, dn, m.filter, []string{uid})
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	name, err := found.name(uid)
	if err != nil {
		return "", nil
	}
	return name, nil
}

// readAllNames is readNames by reading all users.
func (d *Directory) readAllNames(ctx context.Context, dns []string) (map[string]string, error) {
	wanted := make(map[string]bool, len(dns))
	for _, dn := range dns {
		wanted[normalDN(dn)] = true
	}
	m := &d.maps.passwd
	uid := m.attribute("uid")
	names := make(map[string]string, len(dns))
	err := d.enumerate(ctx, m, []string{uid}, func(e entry) error {
		if key := normalDN(e.DN); wanted[key] {
			if name, err := e.name(uid); err == nil {
				names[key] = name
			}
		}
		return nil
	})
	return names, err
}
