// Package module tests pam_goldap.so as programs meet it: loaded by the real
// libpam, through private service files, against a directory in this process
// and goldapd in a child process. It runs as any user; as root it tests more.
//
// The tests play an application in two ways (driver_test.go): in this process,
// which has a Go runtime of its own and loads build/pam_goldap.so, and in a C
// program that loads the C files of the module built with AddressSanitizer and
// UndefinedBehaviorSanitizer. The hosts of test/hosts, C programs that behave
// badly on purpose, are compiled and run from here, too (hosts_test.go).
//
// Run make first: the tests are about what is in build/.
package module
