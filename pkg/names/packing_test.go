package names

import (
	"context"
	"iter"
	"log/slog"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goldap/goldap/pkg/account"
)

// filled returns a value none of whose fields is empty, so that a field that is
// added and not packed is missed.
func filled[V any](n int) V {
	var v V
	fill(reflect.ValueOf(&v).Elem(), &n)
	return v
}

func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString("text" + string(rune('a'+*n%26)))
	case reflect.Uint32, reflect.Uint8:
		v.SetUint(uint64(100 + *n))
	case reflect.Int32:
		v.SetInt(int64(-*n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), n)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[netip.Addr]() {
			v.Set(reflect.ValueOf(netip.AddrFrom4([4]byte{192, 0, 2, byte(*n)})))
			return
		}
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(int64(*n), 0)))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	default:
		panic("fill: " + v.Kind().String())
	}
}

// Whatever an entry has is there again when it comes out of the memory.
func TestPackingLosesNothing(t *testing.T) {
	n := New(nil, Options{Logger: slog.New(slog.DiscardHandler), Entries: 1})
	acct := filled[account.Account](1)
	acct.Names, acct.Shadow, acct.State, acct.Template = nil, account.Shadow{}, account.State{}, "" // of a login
	same(t, acct, n.account(&slot{finding: n.accountFinding(acct, source{}, "k")}, acct.Name))
	group := filled[account.Group](1)
	group.Names = nil
	same(t, group, n.group(&slot{finding: n.groupFinding(group, source{}, "k")}, group.Name))
	shadow := filled[account.Shadow](1)
	same(t, shadow, readShadow(&slot{finding: shadowFinding(shadow, source{}, "k")}))
	group.DN, group.Members = "", nil // not of a membership
	_, groups := readMemberships(&slot{finding: membershipFinding(acct, []account.Group{group, group}, source{}, "k")})
	same(t, []account.Group{group, group}, groups)

	repacked(t, &aliases)
	repacked(t, &ethers)
	repacked(t, &hosts)
	repacked(t, &netgroups)
	repacked(t, &networks)
	repacked(t, &protocols)
	repacked(t, &rpcs)
	repacked(t, &services)
}

func repacked[V any](t *testing.T, m *otherMap[V]) {
	t.Helper()
	n := New(nil, Options{Logger: slog.New(slog.DiscardHandler), Entries: 1})
	n.directories, n.memory.directories = []Directory{nil}, make([]hearsay, 1)
	value, asked := filled[V](1), *m
	asked.ask = func(Directory, context.Context, account.Key) iter.Seq2[V, error] {
		return func(yield func(V, error) bool) { yield(value, nil) }
	}
	for got, err := range answered(t.Context(), n, &asked, account.Key{Name: "x"}) {
		if err != nil {
			t.Error(err)
		}
		same(t, value, got)
	}
}

func same(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
}
