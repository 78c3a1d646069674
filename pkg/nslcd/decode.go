package nslcd

import (
	"fmt"
	"io"
)

// RequestReader decodes one request. Header and Body are two steps so that a
// server can give them different deadlines.
type RequestReader struct {
	in     reader
	action Action
}

// readAhead is enough for nearly every request in one read.
const readAhead = 1024

// NewRequestReader returns a reader of the request that src sends. The caller
// calls Wipe when done with it.
func NewRequestReader(src io.Reader) *RequestReader {
	return &RequestReader{in: reader{src: src, buf: make([]byte, readAhead), left: MaxRequest}}
}

// Wipe overwrites what was read ahead. It does not touch the Request.
func (r *RequestReader) Wipe() { r.in.wipe() }

// Reset makes r read another request, from src.
func (r *RequestReader) Reset(src io.Reader) {
	r.in.wipe()
	r.in.src, r.in.begin, r.in.end, r.in.left = src, 0, 0, MaxRequest
}

// Again makes r read the same request once more: what it has read from src so
// far, in one read at the most, and the rest from another source.
func (r *RequestReader) Again(src io.Reader) {
	r.in.src, r.in.begin, r.in.left = src, 0, MaxRequest
}

// Full reports whether the source may have more than was read ahead at first.
func (r *RequestReader) Full() bool { return r.in.end == len(r.in.buf) }

// Header reads version and action. It returns io.EOF if nothing came at all,
// ErrVersion, and ErrAction for an action that this package does not know.
func (r *RequestReader) Header() (Action, error) {
	version, err := r.in.int32()
	if err != nil {
		return 0, err
	}
	if version != Version {
		return 0, fmt.Errorf("version %d: %w", version, ErrVersion)
	}
	word, err := r.in.int32()
	if err != nil {
		return 0, noEnd(err)
	}
	action := Action(word)
	if _, known := requestFields[action]; !known {
		return 0, fmt.Errorf("%v: %w", action, ErrAction)
	}
	r.action = action
	return action, nil
}

// Body reads the parameters after Header. The caller wipes the Request; on an
// error there is nothing left to wipe.
func (r *RequestReader) Body() (Request, error) {
	request := Request{Action: r.action}
	for _, field := range requestFields[r.action] {
		if err := field.decode(&r.in, &request); err != nil {
			request.Wipe()
			return Request{}, fmt.Errorf("%s: %w", field.name, noEnd(err))
		}
	}
	return request, nil
}

// ReadRequest reads a whole request from src.
func ReadRequest(src io.Reader) (Request, error) {
	r := NewRequestReader(src)
	defer r.Wipe()
	if _, err := r.Header(); err != nil {
		return Request{}, err
	}
	return r.Body()
}
