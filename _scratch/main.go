package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/goldap/goldap/pkg/client"
	"github.com/goldap/goldap/pkg/embedded"
	"github.com/goldap/goldap/pkg/secret"
)

func main() {
	n, _ := strconv.Atoi(os.Args[1])
	ctx := context.Background()
	dir, _ := os.MkdirTemp("", "goldapmem")
	defer os.RemoveAll(dir)
	var users []embedded.User
	for i := range n {
		users = append(users, embedded.User{Name: fmt.Sprintf("user%06d", i), UID: uint32(100000 + i), GID: 20000, FullName: "User Number " + strconv.Itoa(i), Password: secret.FromString("x")})
	}
	d, err := embedded.Start(ctx, embedded.Options{Base: "dc=example,dc=com", Host: "127.0.0.1",
		Pseudouser: embedded.Identity{DN: "uid=reader,dc=example,dc=com", Password: secret.FromString("reader's")}, Users: users})
	if err != nil {
		panic(err)
	}
	defer d.Close()
	d.WriteCAFile(filepath.Join(dir, "ca.pem"))
	conf := filepath.Join(dir, "pam_ldap.conf")
	os.WriteFile(conf, []byte(fmt.Sprintf("uri %s\nbase dc=example,dc=com\nbinddn uid=reader,dc=example,dc=com\nbindpw reader's\nssl start_tls\ntls_cacertfile %s\n", d.URI(), filepath.Join(dir, "ca.pem"))), 0o600)
	sock := filepath.Join(dir, "s")
	cmd := exec.Command("build/goldapd", "--config", conf, "--socket", sock)
	cmd.Env = append(os.Environ(), os.Args[2:]...)
	cmd.Stderr = os.Stderr
	cmd.Start()
	defer cmd.Process.Kill()
	time.Sleep(500 * time.Millisecond)
	show := func(what string) {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		fmt.Print(what, ": ")
		for l := range strings.Lines(string(b)) {
			if strings.HasPrefix(l, "VmRSS") || strings.HasPrefix(l, "VmHWM") || strings.HasPrefix(l, "RssFile") || strings.HasPrefix(l, "RssAnon") {
				fmt.Print(strings.Join(strings.Fields(l), " "), "  ")
			}
		}
		st, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
		f := strings.Fields(string(st))
		fmt.Println("cpu ticks", f[13], f[14])
	}
	show("start")
	c := client.New(sock)
	round := func() {
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				for i := w; i < n; i += 8 {
					if _, err := c.PasswdByName(ctx, fmt.Sprintf("user%06d", i)); err != nil {
						fmt.Println(err)
						return
					}
				}
			})
		}
		wg.Wait()
	}
	t := time.Now()
	round()
	show(fmt.Sprintf("all once (%v)", time.Since(t)))
	t = time.Now()
	round()
	show(fmt.Sprintf("all twice (%v)", time.Since(t)))
	facts, err := c.Status(ctx)
	fmt.Println(facts, err)
}
