//go:build integration

package integration

import (
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// metric returns a value that goldapctl metrics prints, -1 if it does not.
func metric(t *testing.T, text, series string) float64 {
	t.Helper()
	match := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(series) + ` (\S+)$`).FindStringSubmatch(text)
	if match == nil {
		return -1
	}
	value, err := strconv.ParseFloat(match[1], 64)
	must(t, err)
	return value
}

// TestMonitoring is what an operator sees of logins at slapd, and of slapd when it
// is gone and back: with goldapctl, and over HTTP as the socket unit has it.
func TestMonitoring(t *testing.T) {
	showLogsOnFailure(t)
	startGoldapd(t)
	writeAlone(t, "pam_goldap.so")
	for range 2 {
		logIn(t, "sshd", "alice", person("alice").Password).accept(t)
	}
	logIn(t, "sshd", "alice", wrongPassword).refuse(t, authFailure)
	logIn(t, "vsftpd", "bob", person("bob").Password).accept(t)

	text := scrapeOverHTTP(t)
	server := regexp.MustCompile(`goldap_server_up(\{directory="[^"]*",server="[^"]*")\}`).FindStringSubmatch(text)
	if server == nil {
		t.Fatalf("no server: %s", text)
	}
	for series, want := range map[string]float64{
		`goldap_up`: 1,
		`goldap_logins_total{operation="login",outcome="success",service="sshd"}`:         2,
		`goldap_logins_total{operation="login",outcome="bad-credentials",service="sshd"}`: 1,
		`goldap_logins_total{operation="login",outcome="success",service="vsftpd"}`:       1,
		`goldap_login_duration_seconds_count{operation="login"}`:                          4,
		`goldap_server_up` + server[1] + `}`:                                              1,
		`goldap_server_bind_connections` + server[1] + `,state="kept"}`:                   1,
		`goldap_server_failures_total` + server[1] + `,step="tls"}`:                       0,
		`goldap_config_generation`:                                                        1,
	} {
		if got := metric(t, text, series); got != want {
			t.Errorf("%s is %v, want %v", series, got, want)
		}
	}
	if end := metric(t, text, `goldap_server_chain_expiry_timestamp_seconds`+server[1]+`}`); end < float64(time.Now().Unix()) {
		t.Errorf("the certificates end at %v", end)
	}
	run(t, goldapctl, "status").accept(t, "up ", "left, until 20", "refused: nothing")
	asUID(t, 10001, "", goldapctl, "metrics").refuse(t, "root only")

	stopServer(t)
	logIn(t, "sshd", "alice", person("alice").Password).refuse(t)
	text = run(t, goldapctl, "metrics").text
	if metric(t, text, `goldap_server_up`+server[1]+`}`) != 0 || metric(t, text, `goldap_server_failures_total`+server[1]+`,step="connect"}`) < 1 ||
		metric(t, text, `goldap_logins_total{operation="login",outcome="unavailable",service="sshd"}`) != 1 {
		t.Errorf("with slapd gone: %s", text)
	}
	run(t, goldapctl, "status").accept(t, "away: no server answers; unavailable for ", "in 1 outage, the last since ")
}

// scrapeOverHTTP has goldapctl answer a connection as a unit with Accept=yes does,
// and returns what a client reads.
func scrapeOverHTTP(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer listener.Close()
	served := make(chan error, 1)
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			err = serveScrape(conn)
		}
		served <- err
	}()
	client := http.Client{Timeout: 20 * time.Second}
	response, err := client.Get("http://" + listener.Addr().String() + "/metrics")
	must(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	must(t, err)
	must(t, <-served)
	if response.StatusCode != http.StatusOK || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Fatalf("%s: %s", response.Status, text)
	}
	return string(text)
}

func serveScrape(conn net.Conn) error {
	file, err := conn.(*net.TCPConn).File()
	if err != nil {
		return err
	}
	defer file.Close()
	conn.Close()
	command := exec.Command(goldapctl, "metrics", "--http")
	command.Stdin, command.Stdout, command.Stderr = file, file, os.Stderr
	return command.Run()
}
