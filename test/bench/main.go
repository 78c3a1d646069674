// Command bench compares logins and lookups through goldap with those through
// the stock nslcd, libpam-ldapd and libnss-ldapd. It runs as root inside the
// private root of test/root, where it starts slapd with StartTLS and 10,000
// users and both daemons, and measures the two in turn, so that a noisy machine
// is equally noisy to both. The table of results is printed on stdout, progress on
// stderr.
//
// The exit status is 0 although a target is missed, unless -strict is given.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/goldap/goldap/test/root/slapd"
)

// users is what login.c and lookup.c take their users from. returning is the number of those
// who log in again and again, which is what most logins of a machine are; the
// others are seen once.
const (
	users     = 10000
	returning = 200
)

// options are the command's flags.
type options struct {
	key       string
	login     string
	module    string
	lookup    string
	nssModule string
	rounds    int
	logins    int
	lookups   int
	many      int
	threads   int
	seconds   float64
	stockOnly bool
	strict    bool
}

func main() {
	var o options
	flag.StringVar(&o.key, "key", string(slapd.RSA), "key of slapd's certificate: rsa (2048) or ecdsa (P-256)")
	flag.StringVar(&o.login, "login", "/goldap/build/bench-login", "the program that logs in")
	flag.StringVar(&o.module, "module", "/goldap/build/pam_goldap.so", "goldap's module")
	flag.StringVar(&o.lookup, "lookup", "/goldap/build/bench-lookup", "the program that looks up names")
	flag.StringVar(&o.nssModule, "nss-module", "/goldap/build/libnss_goldap.so.2", "goldap's name-service module")
	flag.IntVar(&o.rounds, "rounds", 5, "turns of each measurement")
	flag.IntVar(&o.logins, "logins", 200, "logins in a turn of the latency measurements")
	flag.IntVar(&o.lookups, "lookups", 200, "lookups in a turn")
	flag.IntVar(&o.many, "many", 100000, "users of a second directory, for the daemons' memory; 0 leaves it out")
	flag.IntVar(&o.threads, "threads", 32, "logins at once")
	flag.Float64Var(&o.seconds, "seconds", 3, "length of a turn of the rate measurements")
	flag.BoolVar(&o.stockOnly, "stock-only", false, "measure the stock packages only")
	flag.BoolVar(&o.strict, "strict", false, "exit with status 1 if a target is missed")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	met, err := run(ctx, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	if o.strict && !met {
		os.Exit(1)
	}
}

// run measures everything, prints the table and reports whether every target
// was met.
func run(ctx context.Context, o options) (bool, error) {
	r := newResults()
	if err := inScene(ctx, o, users, func(s *scene) error { return measure(ctx, o, s, r) }); err != nil {
		return false, err
	}
	if o.many > 0 {
		if err := inScene(ctx, o, o.many, func(s *scene) error { return measureMemory(ctx, o, s, r) }); err != nil {
			return false, err
		}
	}
	table := newTable(o, r)
	_, err := os.Stdout.WriteString(table.text)
	return table.met, err
}

// inScene calls do with a scene of so many users.
func inScene(ctx context.Context, o options, users int, do func(*scene) error) error {
	s, err := newScene(ctx, o, users)
	if err != nil {
		return err
	}
	defer s.close()
	return do(s)
}

func progress(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", arguments...)
}
