// Package differential compares two daemons that speak nslcd's protocol: the
// questions, the configurations under which they are asked, and the list of the
// differences between a stock nslcd 0.9.12 and goldapd, each with its reason.
//
// test/integration starts the daemons and asks; docs/lookups.md shows the list.
// Nothing here uses goldap's own code for the protocol, so that an error in it
// cannot hide itself.
package differential
