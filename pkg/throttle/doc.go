// Package throttle slows down whoever guesses passwords.
//
// A [Table] remembers failed logins under several keys: the user at one place,
// the user, the remote host, and the user of this machine whose program asks.
// Once a key has more failures than are free, logins that come under it take
// turns. Nobody is locked out: a turn that would come too late is refused at
// once and delays nobody else, and the keys that strangers share with a user
// have short delays, from which the places that the user has logged in from are
// exempt.
//
// The package does not wait itself, and knows the time only from its clock.
package throttle
