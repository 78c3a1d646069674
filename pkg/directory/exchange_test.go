package directory

import (
	"net"
	"testing"

	"github.com/go-ldap/ldap/v3"
)

// TestSizeLimitOf reads what the library sends.
func TestSizeLimitOf(t *testing.T) {
	for _, limit := range []int{0, 1, 2, 127, 128, 65_536, 1 << 30} {
		request := sentSearch(t, limit)
		if got := sizeLimitOf(request); got != int64(limit) {
			t.Errorf("limit %d is read as %d", limit, got)
		}
		for end := range request {
			if got := sizeLimitOf(request[:end]); got != 0 {
				t.Errorf("%d of %d bytes: %d", end, len(request), got)
			}
		}
	}
}

// sentSearch is a search request as the library sends it.
func sentSearch(t *testing.T, limit int) []byte {
	t.Helper()
	client, server := net.Pipe()
	conn := ldap.NewConn(client, false)
	conn.Start()
	t.Cleanup(func() { _, _ = server.Close(), conn.Close() })
	go func() {
		_, _ = conn.Search(ldap.NewSearchRequest("dc=example,dc=com", 2, 0, limit, 0, false, "(uid=alice)", []string{"uid"}, nil))
	}()
	request := make([]byte, 1000)
	n, err := server.Read(request)
	if err != nil {
		t.Fatal(err)
	}
	return request[:n]
}
