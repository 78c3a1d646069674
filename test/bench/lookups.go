package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/goldap/goldap/pkg/client"
	"github.com/goldap/goldap/test/root/daemon"
)

// The users that lookups are about. Logins have those with lower numbers: a
// login remembers the entry as well, and a first lookup would not be the first.
const (
	lookupUsers   = 2000 // the first of them
	firstUsers    = 4000 // the first of those that are looked up once
	crowd         = "crowd"
	crowdMembers  = 5000
	joiner        = "erin" // of package slapd
	joinedGroups  = 200
	mixedUsers    = 1000
	mixedThreads  = 8
	lookupTurns   = 4 // of each kind in a round
	enumerations  = 3 // in a round
	unknownNames  = 10
	enumerateName = "enumerate 10,000 users"
	repeatedName  = "enumerate 10,000 users again"
	mixedName     = "mixed lookups/s, 8 threads"
)

// module is a name-service module, which the C program loads.
type module struct {
	side, library, name string
}

// The two sides of a row.
const (
	stockSide  = "nslcd"
	goldapSide = "goldap"
)

// modules are measured in this order in every turn.
func modules(o options) []module {
	stock := module{stockSide, "libnss_ldap.so.2", "ldap"}
	if o.stockOnly {
		return []module{stock}
	}
	return []module{stock, {goldapSide, o.nssModule, "goldap"}}
}

// lookupWork is a row of the table about lookups of one kind.
type lookupWork struct {
	name string
	most float64 // the largest ratio wanted; 0 is no target
	// warm is how many of the first lookups of a turn don't count; what they
	// ask for is what the others ask for again.
	warm      int
	arguments func(o options, turn int) []string
}

// again returns the arguments of a work whose count is that of o and warm more.
func again(warm int, words ...string) func(options, int) []string {
	return func(o options, _ int) []string { return append(words, strconv.Itoa(warm+o.lookups)) }
}

// lookupWorks are the rows about single lookups. The first lookups of a user
// come before all enumerations, which goldapd remembers, too.
var lookupWorks = []lookupWork{
	{"getpwnam, seen before", 0.25, 50, again(50, "passwd", strconv.Itoa(lookupUsers), "50")},
	{"getpwnam, first time", 1, 0, func(o options, turn int) []string {
		count := strconv.Itoa(o.lookups / 2)
		return []string{"passwd", strconv.Itoa(firstUsers + turn*(o.lookups/2)), count, count}
	}},
	{"getgrnam, 5,000 members, seen before", 0.125, 2, again(2, "group", crowd, strconv.Itoa(crowdMembers))},
	{"groups of a user in 200, seen before", 0.05, 2, again(2, "groups", joiner, strconv.Itoa(joinedGroups))},
	{"getpwnam, unknown name again", 0.25, unknownNames, again(unknownNames, "unknown", "0", strconv.Itoa(unknownNames))},
}

// measureLookups measures everything about lookups but the daemons' memory.
func measureLookups(ctx context.Context, o options, r *results) error {
	turns := lookupTurns * o.rounds
	if most := (users - firstUsers) / max(1, o.lookups/2); turns > most {
		return fmt.Errorf("%d rounds of %d lookups need more than %d users", o.rounds, o.lookups, users)
	}
	progress("lookups")
	for turn := range turns {
		for _, work := range lookupWorks {
			if err := r.lookUp(ctx, o, work, turn); err != nil {
				return err
			}
		}
	}
	for range o.rounds {
		progress("enumerations and mixed lookups")
		if err := r.measureCrowds(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

func (r *results) lookUp(ctx context.Context, o options, work lookupWork, turn int) error {
	for _, m := range modules(o) {
		numbers, err := lookup(ctx, o, m, work.arguments(o, turn)...)
		if err != nil {
			return err
		}
		r.add(work.name, m.side, numbers[work.warm:])
	}
	return nil
}

// measureCrowds is one turn of the enumerations and of the mixed lookups. The
// first enumeration is of what goldapd has not seen yet.
func (r *results) measureCrowds(ctx context.Context, o options) error {
	if !o.stockOnly {
		if err := client.New(daemon.GoldapSocket).Flush(ctx); err != nil {
			return err
		}
	}
	for _, m := range modules(o) {
		numbers, err := lookup(ctx, o, m, "enumerate", strconv.Itoa(users), strconv.Itoa(enumerations))
		if err != nil {
			return err
		}
		r.add(enumerateName, m.side, numbers[:1])
		r.add(repeatedName, m.side, numbers[1:])
	}
	for _, m := range modules(o) {
		numbers, err := lookup(ctx, o, m, "mixed", strconv.Itoa(lookupUsers), strconv.Itoa(mixedUsers),
			strconv.Itoa(mixedThreads), fmt.Sprint(o.seconds))
		if err != nil {
			return err
		}
		r.add(mixedName, m.side, numbers)
	}
	return nil
}

// add puts numbers to those of a row's side.
func (r *results) add(work, side string, numbers []float64) {
	if r.lookups[work] == nil {
		r.lookups[work] = map[string][]float64{}
	}
	r.lookups[work][side] = append(r.lookups[work][side], numbers...)
}

// lookup runs the C program and returns the numbers it prints.
func lookup(ctx context.Context, o options, m module, arguments ...string) ([]float64, error) {
	return numbersFrom(ctx, o.lookup, append([]string{m.library, m.name}, arguments...)...)
}
