// Package nslcd is the wire protocol of nss-pam-ldapd's nslcd, version 2: what
// goldapd speaks on its socket. It frames, encodes and decodes, and has no
// policy.
//
// One connection carries one request and one response; then the server closes.
// All integers are 32 bits, big-endian; a string is its length in bytes
// followed by the bytes, without a NUL. A request is
//
//	version action parameters...
//
// and a response
//
//	version action { BEGIN fields... }* END
//
// A response without END is how a server says that it could not find out: END
// without BEGIN means that there is no such thing.
//
// The server's side is a [RequestReader] and a [Response], the client's side
// [WriteRequest] and an [AnswerReader]. Nothing that comes from the other end
// is believed: a length is checked before anything is allocated for it.
package nslcd
