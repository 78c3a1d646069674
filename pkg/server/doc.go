// Package server answers the questions that arrive on goldapd's sockets.
//
// A [Server] accepts connections, learns from the kernel who is calling, reads
// one request from each connection, looks up in one table whether this caller
// may ask this, has a [Backend] answer it, and closes. It decides nothing
// about users and passwords itself.
//
// Every connection has a goroutine and deadlines of its own; the number of
// connections is bounded, for each caller and in all, and some are kept for
// root. A new configuration is a new Backend: [Server.Swap] puts it in place
// while requests in flight finish on the old one.
//
// The module that runs without a daemon serves its one request through
// [Server.ServeOne], so that both take the same path.
package server
