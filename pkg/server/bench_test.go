package server_test

import (
	"log/slog"
	"net"
	"path/filepath"
	"testing"

	"github.com/goldap/goldap/pkg/server"
)

// BenchmarkLookup is what the socket costs: a lookup that the backend answers
// at once, connection and all.
func BenchmarkLookup(b *testing.B) {
	path := filepath.Join(b.TempDir(), "socket")
	socket, err := server.Listen(path)
	if err != nil {
		b.Fatal(err)
	}
	s := server.New(newFake().backend(), server.Options{Logger: slog.New(slog.NewTextHandler(&logBuffer{}, nil))})
	go func() { _ = s.Run(b.Context(), socket) }()
	request, answer := passwdByName("ada"), make([]byte, 1024)
	b.ReportAllocs()
	for b.Loop() {
		conn, err := net.Dial("unix", path)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := conn.Write(request); err != nil {
			b.Fatal(err)
		}
		for err == nil {
			_, err = conn.Read(answer)
		}
		conn.Close()
	}
}
