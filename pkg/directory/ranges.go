package directory

import (
	"context"
	"fmt"
	"strings"
)

// maxRanges bounds the reads for one attribute with very many values.
const maxRanges = 200

// allValues returns all values of an attribute. Active Directory gives only
// the first 1500 and calls the attribute member;range=0-1499; the rest is then
// read range by range (MS-ADTS, section 3.1.1.3.1.3.3).
func (d *Directory) allValues(ctx context.Context, e entry, attribute string) ([]string, error) {
	if attribute == "" {
		return nil, nil
	}
	values := e.values(attribute)
	for range maxRanges {
		part, end := e.valueRange(attribute)
		values = append(values, part...)
		if end == "" || end == "*" {
			return values, nil
		}
		next := fmt.Sprintf("%s;range=%d-*", attribute, len(values))
		var err error
		if e, err = d.readEntry(ctx, e.DN, present("objectClass"), []string{next}); err != nil {
			return nil, err
		}
		if got, _ := e.valueRange(attribute); len(got) == 0 {
			return nil, fmt.Errorf("%w: %q: attribute %s ends within a range", ErrBadEntry, e.DN, attribute)
		}
	}
	return nil, fmt.Errorf("%w: %q: attribute %s has too many values", ErrRefused, e.DN, attribute)
}

// valueRange returns the values of a ranged attribute and the end of the
// range: a number, "*" for the last range, "" if there is none.
func (e entry) valueRange(attribute string) (values []string, end string) {
	for _, a := range e.Attributes {
		name, option, found := strings.Cut(a.Name, ";range=")
		if !found || !strings.EqualFold(name, attribute) {
			continue
		}
		_, end, _ = strings.Cut(option, "-")
		return a.Values, end
	}
	return nil, ""
}
