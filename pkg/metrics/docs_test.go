package metrics_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v2"

	"github.com/goldap/goldap/pkg/metrics"
	"github.com/goldap/goldap/pkg/server"
)

// exposed are the names of the metrics of goldap, and goldap_up, which goldapctl
// adds.
func exposed(t *testing.T) map[string]bool {
	t.Helper()
	m := metrics.New(source(full))
	m.Login(server.Observation{Operation: "login", Service: "sshd", Outcome: "success", Waited: time.Second})
	names := map[string]bool{"goldap_up": true}
	for _, match := range regexp.MustCompile(`(?m)^# TYPE (goldap_\w+)`).FindAllStringSubmatch(scrape(t, m), -1) {
		names[match[1]] = true
	}
	if len(names) < 40 {
		t.Fatalf("found only %d metrics", len(names))
	}
	return names
}

// TestDocumented: docs/monitoring.md has each metric, and no other.
func TestDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/monitoring.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, match := range regexp.MustCompile("(?m)^\\| `(goldap_\\w+)`").FindAllStringSubmatch(string(text), -1) {
		documented[match[1]] = true
	}
	there := exposed(t)
	for name := range there {
		if !documented[name] {
			t.Errorf("docs/monitoring.md has no row for %s", name)
		}
	}
	for name := range documented {
		if !there[name] {
			t.Errorf("docs/monitoring.md has %s, which is not there", name)
		}
	}
}

// alarms is the file of rules for Prometheus.
type alarms struct {
	Groups []struct {
		Name  string `yaml:"name"`
		Rules []struct {
			Alert       string            `yaml:"alert"`
			Expr        string            `yaml:"expr"`
			For         string            `yaml:"for"`
			Labels      map[string]string `yaml:"labels"`
			Annotations map[string]string `yaml:"annotations"`
		} `yaml:"rules"`
	} `yaml:"groups"`
}

// TestAlarms: the rules can be read, are complete, and are about metrics and labels
// that there are.
func TestAlarms(t *testing.T) {
	var file alarms
	readYAML(t, "goldap.rules.yml", &file)
	there, seen := exposed(t), map[string]bool{}
	for _, rule := range file.Groups[0].Rules {
		if seen[rule.Alert] || !strings.HasPrefix(rule.Alert, "Goldap") {
			t.Errorf("%q is there twice, or is none of ours", rule.Alert)
		}
		seen[rule.Alert] = true
		if rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" || !slices.Contains([]string{"critical", "warning", "info"}, rule.Labels["severity"]) {
			t.Errorf("%s lacks a text or its severity: %+v", rule.Alert, rule)
		}
		if rule.For != "" {
			if _, err := time.ParseDuration(rule.For); err != nil {
				t.Errorf("%s: %v", rule.Alert, err)
			}
		}
		for _, name := range regexp.MustCompile(`goldap_\w+`).FindAllString(rule.Expr, -1) {
			if !there[strings.TrimSuffix(name, "_bucket")] {
				t.Errorf("%s is about %s, which is not there", rule.Alert, name)
			}
		}
		if strings.Count(rule.Expr, "(") != strings.Count(rule.Expr, ")") {
			t.Errorf("%s: parentheses in %s", rule.Alert, rule.Expr)
		}
	}
	if len(seen) < 10 {
		t.Errorf("only %v", slices.Sorted(maps.Keys(seen)))
	}
}

// TestScrapeExample: the example can be read, and asks the port of the socket unit.
func TestScrapeExample(t *testing.T) {
	var file struct {
		RuleFiles     []string `yaml:"rule_files"`
		ScrapeConfigs []struct {
			JobName        string `yaml:"job_name"`
			ScrapeInterval string `yaml:"scrape_interval"`
			StaticConfigs  []struct {
				Targets []string `yaml:"targets"`
			} `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	readYAML(t, "prometheus.yml", &file)
	for _, rules := range file.RuleFiles {
		readYAML(t, rules, &alarms{})
	}
	unit, err := os.ReadFile("../../packaging/prometheus/goldap-metrics.socket")
	if err != nil {
		t.Fatal(err)
	}
	if goldap := file.ScrapeConfigs[0]; goldap.JobName != "goldap" || !strings.Contains(string(unit), "ListenStream="+goldap.StaticConfigs[0].Targets[0]+"\n") {
		t.Errorf("%+v is not what the socket unit has", goldap)
	}
}

// readYAML reads one of the examples, in which nothing unknown may be.
func readYAML(t *testing.T, name string, value any) {
	t.Helper()
	text, err := os.ReadFile("../../packaging/prometheus/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(text, value); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}
