package directory_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// settled is how long after it is well a server may be unused at most: the
// longest retry time, and the time that a probe which it swallowed takes.
const settled = 36 * time.Second

// TestRandomFaults: whatever happens to three servers in whatever order, a
// lookup ends within its budget, is answered if one of them has been well for
// settled, and goes to the first of them that has.
func TestRandomFaults(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(seed, 1))
				s := newScene(t, "off")
				simulate(t, s, random)
			})
		})
	}
}

func simulate(t *testing.T, s *scene, random *rand.Rand) {
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(faults)), func(name string) bool { return faults[name].tls != "" })
	var well [3]time.Time // since when; zero while a server has a fault
	var history []string
	for i := range well {
		well[i] = time.Now()
	}
	for range 40 {
		i := random.IntN(3)
		if well[i].IsZero() {
			s.end(i)
			well[i] = time.Now()
			history = append(history, fmt.Sprintf("%v server %d is well", time.Now().Format("15:04:05"), i))
		} else {
			name := names[random.IntN(len(names))]
			faults[name].begin(s, i)
			if well[i] = faultEnd(faults[name]); well[i].IsZero() {
				history = append(history, fmt.Sprintf("%v server %d %s", time.Now().Format("15:04:05"), i, name))
			}
		}
		for range 1 + random.IntN(20) {
			time.Sleep(time.Duration(random.IntN(4000)) * time.Millisecond)
			if !answersInTime(t, s, well) {
				t.Fatalf("%v after %q", time.Now().Format("15:04:05.000"), history)
			}
		}
	}
}

// faultEnd is when a fault that begins now ends by itself: at once if the
// server only forgot its connections, else not.
func faultEnd(f fault) time.Time {
	if f.first > 0 && !f.marks {
		return time.Now()
	}
	return time.Time{}
}

// answersInTime makes one lookup and holds it against the state of the
// servers.
func answersInTime(t *testing.T, s *scene, well [3]time.Time) bool {
	t.Helper()
	const budget = 2 * time.Second
	start := time.Now()
	first := slices.IndexFunc(well[:], func(since time.Time) bool { return !since.IsZero() && start.Sub(since) > settled })
	var before int
	if first >= 0 {
		before = len(s.list[first].Searches())
	}
	_, err := s.dir.AccountByName(within(t, budget), "alice")
	if took := time.Since(start); took > budget+5*time.Millisecond {
		t.Errorf("a lookup takes %v", took)
		return false
	}
	if first < 0 {
		return true
	}
	if err != nil {
		t.Errorf("server %d is well, but: %v", first, err)
		return false
	}
	earlier := slices.IndexFunc(well[:first], func(since time.Time) bool { return !since.IsZero() })
	if len(s.list[first].Searches()) == before && earlier < 0 {
		t.Errorf("server %d, the first that is well, was not asked", first)
		return false
	}
	return true
}
