// Command goldapctl is what people use of goldap: it asks the daemon, and it
// shows on a machine that has neither a directory nor root how a login goes.
//
// Each verb has a file of its own. A verb ends with one of four statuses, see
// exit.go; what it found goes to standard output, what went wrong to standard
// error.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := execute(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}
