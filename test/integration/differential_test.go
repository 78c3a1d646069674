//go:build integration

package integration

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goldap/goldap/test/differential"
	"github.com/goldap/goldap/test/root/daemon"
	"github.com/goldap/goldap/test/root/slapd"
)

// TestDifferential asks a stock nslcd and goldapd, which read the same nslcd.conf,
// the same questions about the same directory, under every variant: over the
// socket, through the stock libnss-ldapd and through libnss_goldap.so.2. What
// differs must be in the list of test/differential, and what is there must
// differ.
func TestDifferential(t *testing.T) {
	peculiar := startPeculiar(t)
	known := differential.NewLedger()
	var asked []string
	for _, v := range differential.Variants() {
		t.Run(v.Name, func(t *testing.T) {
			showLogsOnFailure(t)
			asked = append(asked, v.Name)
			writeVariant(t, peculiar, v)
			stock, own := askStock(t, v), askGoldap(t, v)
			for _, seen := range differences(v, stock, own) {
				if !known.Has(seen) {
					t.Errorf("not in the list: %s", seen)
				}
			}
		})
	}
	if t.Failed() {
		return // a variant that broke off has not shown all that it has
	}
	for _, seen := range known.Unseen(asked...) {
		t.Errorf("in the list, but not seen any more: %s", seen)
	}
}

// differences compares the answers of both daemons.
func differences(v differential.Variant, stock, own answers) []differential.Seen {
	var all []differential.Seen
	for i, q := range v.Questions {
		overSocket := differential.Compare(v.Name, q, stock.socket[i], own.socket[i])
		all = append(all, overSocket...)
		if !v.Getent || q.Getent == nil {
			continue
		}
		// The same client says the same if it is told the same.
		if overSocket == nil {
			all = append(all, differential.CompareOutput(v.Name, "libnss_ldap: ", q, stock.getent[i], own.getent[i])...)
		}
		all = append(all, differential.CompareOutput(v.Name, "libnss_goldap: ", q, own.getent[i], own.ownGetent[i])...)
		all = append(all, differential.CompareOutput(v.Name, "libnss_goldap on nslcd: ", q, stock.getent[i], stock.ownGetent[i])...)
	}
	return all
}

// peculiarAddress is where the odd directory answers, beside the one of all
// other tests.
const peculiarAddress = "127.0.0.1:1389"

func startPeculiar(t *testing.T) *slapd.Server {
	t.Helper()
	dir, err := os.MkdirTemp("", "peculiar")
	must(t, err)
	must(t, os.Chmod(dir, 0o755))
	s, err := slapd.Start(within(t, time.Minute), slapd.Options{Dir: dir, Address: peculiarAddress, Peculiar: true})
	must(t, err)
	t.Cleanup(func() { must(t, s.Stop()) })
	return s
}

// writeVariant writes the nslcd.conf that both daemons read.
func writeVariant(t *testing.T, peculiar *slapd.Server, v differential.Variant) {
	t.Helper()
	uri := "ldap://" + slapd.ServerName + ":1389"
	if v.People {
		uri, peculiar = "ldap://"+slapd.ServerName, server
	}
	lines := append([]string{
		"uid nslcd", "gid nslcd", "uri " + uri, "base " + slapd.Base,
		"binddn " + slapd.PseudouserDN, "bindpw " + slapd.PseudouserPassword,
		"ssl start_tls", "tls_reqcert demand", "tls_cacertfile " + peculiar.PKI.CAFile,
	}, v.Lines...)
	writeFile(t, daemon.NslcdConfig, 0o600, strings.Join(lines, "\n")+"\n")
}

// answers are what one daemon said to a variant's questions.
type answers struct {
	socket            []differential.Answer
	getent, ownGetent []string
}

func askStock(t *testing.T, v differential.Variant) answers {
	t.Helper()
	everyMapFrom(t, "ldap")
	d, err := daemon.StartNslcd(within(t, 20*time.Second), logFile(t, "nslcd"))
	must(t, err)
	// Told to stop under load, nslcd 0.9.12 aborts now and then.
	defer func() { must(t, d.Kill()) }()
	a := answers{socket: askAll(t, v), getent: getentAll(t, v)}
	if v.Getent {
		t.Run("own module on nslcd", func(t *testing.T) {
			nslcdForOwnModule(t)
			everyMapFrom(t, "goldap")
			a.ownGetent = getentAll(t, v)
		})
	}
	return a
}

func askGoldap(t *testing.T, v differential.Variant) answers {
	t.Helper()
	everyMapFrom(t, "ldap")
	// goldapd gives root up for the user that nslcd.conf names.
	d, err := daemon.StartGoldapd(within(t, 20*time.Second), logFile(t, "goldapd"), daemon.NslcdConfig, daemon.GoldapSocket, daemon.NslcdSocket)
	must(t, err)
	defer func() { must(t, d.Stop()) }()
	a := answers{socket: askAll(t, v), getent: getentAll(t, v)}
	everyMapFrom(t, "goldap")
	a.ownGetent = getentAll(t, v)
	return a
}

// everyMapFrom makes the machine ask one name-service module for every map,
// /etc/hosts before it, where the directory's own name is, and the local users
// and groups after it, where the daemon's are.
func everyMapFrom(t *testing.T, module string) {
	t.Helper()
	var lines strings.Builder
	for _, name := range slices.Concat(differential.Maps, []string{"initgroups"}) {
		sources := module
		switch name {
		case "hosts":
			sources = "files " + module
		case "passwd", "group", "shadow":
			sources = module + " files"
		}
		lines.WriteString(name + ": " + sources + "\n")
	}
	writeFile(t, "/etc/nsswitch.conf", 0o644, lines.String())
}

// askAll asks the daemon on nslcd's socket, as whom the variant says.
func askAll(t *testing.T, v differential.Variant) []differential.Answer {
	t.Helper()
	said := make([]differential.Answer, len(v.Questions))
	for i, q := range v.Questions {
		var err error
		if said[i], err = q.Ask(daemon.NslcdSocket, v.Caller()); err != nil {
			t.Errorf("%s: %v", q.Text, err)
		}
	}
	return said
}

// getentAll asks the same with getent, where it can.
func getentAll(t *testing.T, v differential.Variant) []string {
	t.Helper()
	said := make([]string, len(v.Questions))
	if v.Getent {
		defer func() {
			if strings.Join(said, "") == "" {
				t.Error("getent finds nothing at all")
			}
		}()
	}
	for i, q := range v.Questions {
		if v.Getent && q.Getent != nil {
			a := asUID(t, v.Caller(), "", "getent", q.Getent...)
			said[i] = a.text
			if a.took > 5*time.Second {
				t.Errorf("getent %v takes %v", q.Getent, a.took)
			}
		}
	}
	return said
}
