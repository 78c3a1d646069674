package main

import (
	"fmt"
	"os"
)

// rootsOnly is the error of a verb that goldapd refuses to everybody but root.
func rootsOnly(verb string, err error) error {
	switch {
	case err == nil:
		return nil
	case os.Geteuid() != 0:
		err = fmt.Errorf("%w (goldapd answers this to root only)", err)
	}
	return withStatus(exitUnavailable, fmt.Errorf("%s: %w", verb, err))
}
