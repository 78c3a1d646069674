// Package packages tests what turns a build into an installation: the Debian
// and rpm packages, their scripts, and the script that edits nsswitch.conf.
//
// What needs no root runs with the other unit tests. The rest (build tag
// integration) installs, upgrades and removes the packages inside the private
// root of test/root, from which the stock packages are purged first:
//
//	make test-packages
package packages
