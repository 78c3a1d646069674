package nslcd

import "errors"

// What can be wrong with the bytes from the other end. Errors of this package
// match one of these or are the errors of the connection; io.ErrUnexpectedEOF
// is the end in the middle of a request or response.
var (
	// ErrVersion: the first word is not Version.
	ErrVersion = errors.New("not protocol version 2")
	// ErrAction: an action that is unknown, or not the one asked for.
	ErrAction = errors.New("unexpected action")
	// ErrLength: a length is negative or above its limit.
	ErrLength = errors.New("length not allowed")
	// ErrNUL: a string has a NUL in it.
	ErrNUL = errors.New("NUL in string")
	// ErrMarker: something else stands where BEGIN or END must be, or where a
	// member of a netgroup begins.
	ErrMarker = errors.New("neither BEGIN nor END")
	// ErrFamily: an address of neither IPv4 nor IPv6.
	ErrFamily = errors.New("unknown address family")
)
