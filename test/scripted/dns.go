package scripted

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// DNS is a name server that knows SRV records (RFC 2782).
type DNS struct {
	mu      sync.Mutex
	records map[string][]net.SRV
	silent  bool
	failing bool
	asked   []string
}

// NewDNS returns a name server without records.
func NewDNS() *DNS { return &DNS{records: map[string][]net.SRV{}} }

// Set replaces the records of _ldap._tcp in a domain. None means that there is
// no such name.
func (s *DNS) Set(domain string, records ...net.SRV) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records["_ldap._tcp."+domain+"."] = records
}

// Silent makes the server answer nothing, or answer again.
func (s *DNS) Silent(silent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent = silent
}

// Failing makes the server answer SERVFAIL, or answer again.
func (s *DNS) Failing(failing bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing = failing
}

// Asked returns the names that were asked for so far.
func (s *DNS) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.asked...)
}

// Resolver returns Go's resolver, which asks this server through net.Pipe.
func (s *DNS) Resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go s.serveStream(server)
		return client, nil
	}}
}

// Listen serves on a UDP address of loopback and returns Go's resolver for it.
func (s *DNS) Listen(t testing.TB) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go s.servePackets(conn)
	address := conn.LocalAddr().String()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", address)
	}}
}

func (s *DNS) servePackets(conn net.PacketConn) {
	buffer := make([]byte, 4096)
	for {
		n, from, err := conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		if answer := s.answer(buffer[:n]); answer != nil {
			_, _ = conn.WriteTo(answer, from)
		}
	}
}

// serveStream serves one connection with the framing of TCP (RFC 1035, section
// 4.2.2).
func (s *DNS) serveStream(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	for {
		var length [2]byte
		if _, err := io.ReadFull(conn, length[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, err := io.ReadFull(conn, query); err != nil {
			return
		}
		answer := s.answer(query)
		if answer == nil {
			continue
		}
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}

// answer returns the answer to a query, or nil for none.
func (s *DNS) answer(query []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	var message dnsmessage.Message
	if message.Unpack(query) != nil || len(message.Questions) != 1 {
		return nil
	}
	name := message.Questions[0].Name.String()
	s.asked = append(s.asked, name)
	if s.silent {
		return nil
	}
	message.Response, message.RecursionAvailable, message.Additionals = true, true, nil
	records := s.records[strings.ToLower(name)]
	switch {
	case s.failing:
		message.RCode = dnsmessage.RCodeServerFailure
	case len(records) == 0:
		message.RCode = dnsmessage.RCodeNameError
	}
	for _, record := range records {
		message.Answers = append(message.Answers, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: message.Questions[0].Name, Class: dnsmessage.ClassINET, TTL: 60},
			Body: &dnsmessage.SRVResource{
				Priority: record.Priority, Weight: record.Weight, Port: record.Port,
				Target: dnsmessage.MustNewName(record.Target),
			},
		})
	}
	answer, err := message.Pack()
	if err != nil {
		return nil
	}
	return answer
}
