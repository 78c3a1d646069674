package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// table is the report, and whether each target in it was met.
type table struct {
	text string
	met  bool
}

// row is one line of the table.
type row struct {
	work, stock, goldap, ratio, target string
	met                                bool
}

func newTable(o options, r *results) table {
	rows := stockRows(r)
	if !o.stockOnly {
		rows = allRows(o, r)
	}
	t := table{met: true}
	var out strings.Builder
	fmt.Fprintf(&out, "slapd with StartTLS, %s key, %d users, %d of whom come back; %d rounds of %d logins,\n"+
		"and of %g s with %d at once; %d turns of %d lookups; mixed: %d users, %d %% by name, %d %% by uid,\n"+
		"%d %% the groups of a user, %d %% groups by gid; memory is VmRSS (VmHWM) after a getpwnam of each user\n\n",
		o.key, users, returning, o.rounds, o.logins, o.seconds, o.threads, lookupTurns*o.rounds, o.lookups,
		mixedUsers, 60, 15, 15, 10) // lookup.c has them
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "work\tnslcd\tgoldap\tratio\ttarget\t")
	for _, row := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", row.work, row.stock, row.goldap, row.ratio, row.target, row.verdict())
		t.met = t.met && (row.target == "" || row.met)
	}
	if err := w.Flush(); err != nil {
		panic(err) // a strings.Builder takes everything
	}
	t.text = out.String()
	return t
}

func (r row) verdict() string {
	switch {
	case r.target == "":
		return ""
	case r.met:
		return "ok"
	default:
		return "NOT"
	}
}

func stockRows(r *results) []row {
	rows := []row{
		{work: "login, p50", stock: milliseconds(quantile(r.latency[stockService], 0.5))},
		{work: "login, p90", stock: milliseconds(quantile(r.latency[stockService], 0.9))},
		{work: "logins/s, many at once", stock: fmt.Sprintf("%.0f", quantile(r.rate[stockService], 0.5))},
	}
	return append(rows, lookupRows(r)...)
}

func allRows(o options, r *results) []row {
	load := quantile(r.load, 0.5)
	rows := []row{
		latencyRow("login, p50", r.latency, daemonService, 0.5, 0.1),
		latencyRow("login, p90", r.latency, daemonService, 0.9, 0),
		latencyRow("login of a new user, p50", r.first, daemonService, 0.5, 0),
		rateRow(fmt.Sprintf("logins/s, %d at once", o.threads), r.rate, stockService, daemonService, 25),
		latencyRow("login without daemon, p50", r.latency, directService, 0.5, 1),
		latencyRow("login without daemon, p90", r.latency, directService, 0.9, 0),
		{work: "load the module, p50", goldap: milliseconds(load), target: "<= 0.60 ms", met: load <= 600},
		{work: "threads after loading", goldap: fmt.Sprint(r.loadThreads), target: "1", met: r.loadThreads == 1},
	}
	return append(rows, lookupRows(r)...)
}

func lookupRows(r *results) []row {
	var rows []row
	for _, work := range lookupWorks {
		rows = append(rows, timeRow(work.name, r.lookups[work.name], work.most))
	}
	for _, name := range []string{enumerateName, repeatedName} {
		rows = append(rows, timeRow(name, r.lookups[name], 0.5))
	}
	rows = append(rows, rateRow(mixedName, r.lookups[mixedName], stockSide, goldapSide, 8))
	for _, seen := range slices.Sorted(maps.Keys(r.memory)) {
		rows = append(rows, memoryRow(seen, r.memory[seen]))
	}
	return rows
}

// timeRow compares the median times of lookups.
func timeRow(work string, times map[string][]float64, most float64) row {
	stock, goldap := quantile(times[stockSide], 0.5), quantile(times[goldapSide], 0.5)
	unit := microseconds
	if stock >= 10_000 {
		unit = milliseconds
	}
	return row{
		work: work, stock: unit(stock), goldap: unit(goldap), ratio: fmt.Sprintf("%.3f", goldap/stock),
		target: fmt.Sprintf("<= %g", most), met: goldap <= most*stock,
	}
}

// mostMemory is how large goldapd may be after so many users, in MB.
var mostMemory = map[int]float64{10000: 40, 100000: 150}

func memoryRow(seen int, sizes map[string]footprint) row {
	size := sizes[goldapSide].now
	line := row{
		work: fmt.Sprintf("daemon's memory, %d users seen", seen), stock: megabytes(sizes[stockSide]), goldap: megabytes(sizes[goldapSide]),
	}
	if most := mostMemory[seen]; most > 0 {
		line.target, line.met = fmt.Sprintf("<= %g MB", most), size <= most
	}
	return line
}

// latencyRow compares a quantile of the login times of service with nslcd's;
// most is the largest ratio wanted, 0 if it is no target.
func latencyRow(work string, times map[string][]float64, service string, q, most float64) row {
	stock, goldap := quantile(times[stockService], q), quantile(times[service], q)
	line := row{work: work, stock: milliseconds(stock), goldap: milliseconds(goldap), ratio: fmt.Sprintf("%.3f", goldap/stock)}
	if most > 0 {
		line.target, line.met = fmt.Sprintf("<= %.2f", most), goldap <= most*stock
	}
	return line
}

// rateRow compares the median rates; least is the smallest ratio wanted.
func rateRow(work string, rates map[string][]float64, stockSide, goldapSide string, least float64) row {
	stock, goldap := quantile(rates[stockSide], 0.5), quantile(rates[goldapSide], 0.5)
	return row{
		work: work, stock: fmt.Sprintf("%.0f", stock), goldap: fmt.Sprintf("%.0f", goldap),
		ratio: fmt.Sprintf("%.1f", goldap/stock), target: fmt.Sprintf(">= %.0f", least), met: goldap >= least*stock,
	}
}

func milliseconds(us float64) string { return fmt.Sprintf("%.2f ms", us/1000) }

func microseconds(us float64) string { return fmt.Sprintf("%.0f us", us) }

func megabytes(f footprint) string { return fmt.Sprintf("%.1f (%.1f) MB", f.now, f.peak) }
