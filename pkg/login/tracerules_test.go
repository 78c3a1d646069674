package login_test

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/goldap/goldap/pkg/trace"
)

// TestRulesInTheTrace is that each rule says what it looked at, whether it lets
// in or not, and that none is looked at behind one that refuses.
func TestRulesInTheTrace(t *testing.T) {
	group := "login_group_dn|cn=ops,dc=test|success"
	service := "login_check_service|sshd|success"
	host := "login_check_host|web1.example.com|success"
	filter := "login_filter|(a=b)|success"
	for name, tt := range map[string]struct {
		change func(*world)
		want   []string
	}{
		"all let in": {func(*world) {}, []string{group, service, host, filter}},
		"with a window": {func(w *world) { w.minUID = 1000 }, []string{group, service, host,
			"login_min_uid, login_max_uid|2000|success", filter}},
		"no member": {func(w *world) { w.noMember = true }, []string{
			"login_group_dn|cn=ops,dc=test|permission-denied|login_group_dn: not a member of cn=ops,dc=test"}},
		"service denied": {func(w *world) { w.allowed.Services = []string{"*", "!sshd"} }, []string{group,
			"login_check_service|*, !sshd|permission-denied|login_check_service: !sshd"}},
		"no hosts": {func(w *world) { w.allowed.Hosts = nil }, []string{group, service,
			"login_check_host|no value|permission-denied|login_check_host: no value is web1.example.com"}},
		"small uid": {func(w *world) { w.minUID = 9999 }, []string{group, service, host,
			"login_min_uid|2000|permission-denied|login_min_uid: 2000 is below 9999"}},
		"large uid": {func(w *world) { w.maxUID = 1999 }, []string{group, service, host,
			"login_max_uid|2000|permission-denied|login_max_uid: 2000 is above 1999"}},
		"no match": {func(w *world) { w.noMatch = true }, []string{group, service, host,
			"login_filter|(a=b)|permission-denied|login_filter: the entry does not match (a=b)"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			allow(w)
			tt.change(w)
			record := trace.New()
			w.onWeb1().Authenticate(trace.With(context.Background(), record), request("alice", rightPassword))
			steps, _ := record.Steps()
			var got []string
			for _, step := range steps {
				var values []string
				for _, fact := range step.Facts {
					values = append(values, fact.Value)
				}
				text := strings.Join(values, "|")
				if strings.Contains(text, rightPassword) {
					t.Errorf("the password is in the trace: %s", text)
				}
				if step.Text == "access rule" {
					got = append(got, text)
				}
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %q\nwant %q", got, tt.want)
			}
		})
	}
}
