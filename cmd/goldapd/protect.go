package main

import (
	"errors"

	"golang.org/x/sys/unix"
)

// protect keeps passwords from leaving this process's memory: no core file
// (setrlimit(2)), and no debugger of the same user (PR_SET_DUMPABLE, prctl(2)).
func protect() error {
	return errors.Join(
		unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0),
		unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}),
	)
}
