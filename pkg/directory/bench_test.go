package directory_test

import (
	"context"
	"testing"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/secret"
	"github.com/goldap/goldap/test/scripted"
)

// newBench returns a directory over TCP and StartTLS on loopback.
func newBench(b *testing.B) *directory.Directory {
	ca := scripted.NewCA(b)
	server := newServer(b)
	server.TLS = ca.Server(b, "127.0.0.1")
	cfg := plainConfig("ldap://" + server.Listen(b))
	cfg.TLS = config.TLS{Mode: "start_tls", CAFile: ca.File}
	b.ReportAllocs()
	return newDirectory(b, cfg, directory.Options{})
}

func BenchmarkBindAsUser(b *testing.B) {
	d := newBench(b)
	password := secret.FromString(alicePass)
	for b.Loop() {
		if reply, err := d.BindAsUser(context.Background(), aliceDN, password); err != nil || reply.Code != 0 {
			b.Fatal(reply, err)
		}
	}
}

func BenchmarkBindAsUserParallel(b *testing.B) {
	d := newBench(b)
	password := secret.FromString(alicePass)
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if reply, err := d.BindAsUser(context.Background(), aliceDN, password); err != nil || reply.Code != 0 {
				b.Error(reply, err)
			}
		}
	})
}

func BenchmarkLoginAccount(b *testing.B) {
	d := newBench(b)
	for b.Loop() {
		if _, err := d.LoginAccount(context.Background(), "alice"); err != nil {
			b.Fatal(err)
		}
	}
}
