package server

import (
	"bufio"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// nsswitchInterval is how often nsswitch.conf is looked at.
const nsswitchInterval = time.Minute

// ourServices are the names by which nsswitch.conf can name the module.
var ourServices = []string{"goldap", "ldap"}

// nsswitch knows whether this machine asks the directory for shadow entries.
// It has a reader of its own: the C library would ask the name service.
type nsswitch struct {
	path   string
	logger *slog.Logger

	mu      sync.Mutex
	checked time.Time
	shadow  bool
}

// hasShadow reports whether the shadow line of nsswitch.conf names the module,
// or the passwd line if there is none, as it was a minute ago at most.
func (n *nsswitch) hasShadow() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := time.Now()
	if !n.checked.IsZero() && now.Sub(n.checked) < nsswitchInterval {
		return n.shadow
	}
	n.checked, n.shadow = now, false
	file, err := os.Open(n.path)
	if err != nil {
		n.logger.Debug("whether there is a shadow map is not known", "error", err)
		return false
	}
	defer file.Close()
	n.shadow = namesShadow(file)
	return n.shadow
}

// namesShadow reads nsswitch.conf(5). Of two lines for a map the last counts.
func namesShadow(file io.Reader) bool {
	sources := map[string][]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line, _, _ := strings.Cut(lines.Text(), "#")
		database, services, found := strings.Cut(line, ":")
		if found {
			sources[strings.ToLower(strings.TrimSpace(database))] = strings.Fields(services)
		}
	}
	services, has := sources["shadow"]
	if !has {
		services = sources["passwd"]
	}
	return slices.ContainsFunc(services, func(name string) bool { return slices.Contains(ourServices, name) })
}
