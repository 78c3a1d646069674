package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// results are the numbers of all rounds.
type results struct {
	// latency has the time of each login of a returning user in microseconds,
	// by service; first that of users who were not seen before.
	latency, first map[string][]float64
	// rate has the logins per second of each turn, by service.
	rate map[string][]float64
	// load has the time of each dlopen in microseconds; loadThreads is the
	// largest number of threads after one.
	load        []float64
	loadThreads int
	// lookups has the numbers of each row about lookups, by its side.
	lookups map[string]map[string][]float64
	// memory has the size of the daemons by the number of users seen.
	memory map[int]map[string]footprint
}

func newResults() *results {
	return &results{
		latency: map[string][]float64{}, first: map[string][]float64{}, rate: map[string][]float64{},
		lookups: map[string]map[string][]float64{}, memory: map[int]map[string]footprint{},
	}
}

// services are measured in this order in every round.
func services(o options) []string {
	if o.stockOnly {
		return []string{stockService}
	}
	return []string{stockService, daemonService, directService}
}

func measure(ctx context.Context, o options, s *scene, r *results) error {
	if err := measureLogins(ctx, o, r); err != nil {
		return err
	}
	if err := measureLookups(ctx, o, r); err != nil {
		return err
	}
	return measureMemory(ctx, o, s, r)
}

func measureLogins(ctx context.Context, o options, r *results) error {
	for _, service := range services(o) {
		// The first logins fill caches and open connections; they don't count.
		if _, err := latency(ctx, o, service, 0, 20); err != nil {
			return err
		}
	}
	for round := range o.rounds {
		progress("logins, round %d of %d", round+1, o.rounds)
		if err := measureRound(ctx, o, round, r); err != nil {
			return err
		}
	}
	if o.stockOnly {
		return nil
	}
	return measureLoad(ctx, o, r)
}

func measureRound(ctx context.Context, o options, round int, r *results) error {
	for _, service := range services(o) {
		// Everybody has logged in once before what counts.
		numbers, err := latency(ctx, o, service, 0, returning+o.logins)
		if err != nil {
			return err
		}
		r.latency[service] = append(r.latency[service], numbers[returning:]...)
		strangers := returning + round*o.logins
		if numbers, err = latency(ctx, o, service, strangers, o.logins/2); err != nil {
			return err
		}
		r.first[service] = append(r.first[service], numbers...)
	}
	for _, service := range services(o) {
		if service == directService {
			continue // one process for each login: its rate is no target
		}
		numbers, err := login(ctx, o, "rate", confdir, service, strconv.Itoa(o.threads),
			fmt.Sprint(o.seconds), strconv.Itoa(returning))
		if err != nil {
			return err
		}
		r.rate[service] = append(r.rate[service], numbers...)
	}
	return nil
}

func measureLoad(ctx context.Context, o options, r *results) error {
	numbers, err := login(ctx, o, "load", o.module, "300")
	if err != nil {
		return err
	}
	last := len(numbers) - 1
	r.load, r.loadThreads = numbers[:last], int(numbers[last])
	return nil
}

// latency measures count logins: of the returning users in turn if first is 0,
// otherwise of users who log in once.
func latency(ctx context.Context, o options, service string, first, count int) ([]float64, error) {
	different := returning
	if first > 0 {
		different = count
	}
	return login(ctx, o, "latency", confdir, service, strconv.Itoa(count), strconv.Itoa(first), strconv.Itoa(different))
}

// login runs the C program and returns the numbers it prints.
func login(ctx context.Context, o options, arguments ...string) ([]float64, error) {
	return numbersFrom(ctx, o.login, arguments...)
}

// numbersFrom runs a program and returns the numbers it prints.
func numbersFrom(ctx context.Context, program string, arguments ...string) ([]float64, error) {
	command := exec.CommandContext(ctx, program, arguments...)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", command, err)
	}
	var numbers []float64
	for _, field := range strings.Fields(string(out)) {
		number, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", command, err)
		}
		numbers = append(numbers, number)
	}
	return numbers, nil
}

// quantile returns the q-th quantile of numbers, 0 if there are none.
func quantile(numbers []float64, q float64) float64 {
	if len(numbers) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(numbers))
	return sorted[int(q*float64(len(sorted)-1)+0.5)]
}
