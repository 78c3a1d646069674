package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/goldap/goldap/pkg/adminclient"
)

const metricsLong = `Print the metrics of goldapd in the text format of Prometheus, which cannot ask a Unix
socket by itself. Only root may.

With --output they go to a file in a folder that the textfile collector of
node_exporter reads: written whole, readable for everybody, and without the metrics
about Go and the process, which node_exporter has of itself. If goldapd does not answer
the file says just that (goldap_up 0), so that nobody takes old figures for new ones.

With --http one request on standard input is answered on standard output, for a socket
unit of systemd: GET /metrics, and nothing else of what the admin API can do.

docs/monitoring.md has each metric, what to alarm on, and the units.`

const metricsExample = `  goldapctl metrics
  printf 'GET /metrics HTTP/1.0\r\n\r\n' | goldapctl metrics --http
  goldapctl metrics --output /var/lib/prometheus/node-exporter/goldap.prom`

// The first metric of all is whether there are others.
const (
	upHead = "# HELP goldap_up 1 if goldapd answered, 0 if not.\n# TYPE goldap_up gauge\n"
	isUp   = upHead + "goldap_up 1\n"
	isDown = upHead + "goldap_up 0\n"
)

// metricsOptions say where the metrics are from and where they go.
type metricsOptions struct {
	admin, output string
	http          bool
}

func newMetrics() *cobra.Command {
	var o metricsOptions
	cmd := &cobra.Command{
		Use:     "metrics",
		Short:   "print the metrics for Prometheus",
		Long:    metricsLong,
		Example: metricsExample,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case o.http:
				return o.answer(cmd)
			case o.output != "":
				return o.save(cmd)
			}
			text, err := fetchMetrics(cmd.Context(), o.admin)
			if err == nil {
				_, err = io.WriteString(cmd.OutOrStdout(), isUp+string(text))
			}
			return rootsOnly("metrics", err)
		},
	}
	addAdminFlag(cmd, &o.admin)
	cmd.Flags().StringVar(&o.output, "output", "", "write this file, for node_exporter, instead")
	cmd.Flags().BoolVar(&o.http, "http", false, "answer one HTTP request on standard input")
	cmd.MarkFlagsMutuallyExclusive("output", "http")
	return cmd
}

// save writes the file, whether goldapd answers or not. Who may not ask learns
// nothing of that, and writes nothing.
func (o metricsOptions) save(cmd *cobra.Command) error {
	text, err := fetchMetrics(cmd.Context(), o.admin)
	if errors.Is(err, adminclient.ErrForbidden) {
		return rootsOnly("metrics", err)
	}
	if problem := saveMetrics(o.output, text, err); problem != nil {
		return withStatus(exitUsage, fmt.Errorf("metrics: %w", problem))
	}
	return rootsOnly("metrics", err)
}

const (
	// requestTimeout is how long whoever asks over HTTP may take to do so, and
	// maxRequest how many bytes.
	requestTimeout = 5 * time.Second
	maxRequest     = 16 << 10
)

// answer reads a request of HTTP and answers it. Whatever it is, it is answered
// and no error, unless goldapd is not there.
func (o metricsOptions) answer(cmd *cobra.Command) error {
	request, err := readHTTP(cmd.InOrStdin())
	status, text := http.StatusOK, []byte(nil)
	var unavailable error
	switch {
	case err != nil:
		status = http.StatusBadRequest
	case request.URL.Path != "/metrics":
		status = http.StatusNotFound
	case request.Method != http.MethodGet && request.Method != http.MethodHead:
		status = http.StatusMethodNotAllowed
	default:
		if text, unavailable = fetchMetrics(cmd.Context(), o.admin); unavailable != nil {
			status = http.StatusServiceUnavailable
		}
	}
	return errors.Join(writeHTTP(cmd.OutOrStdout(), request, status, text), rootsOnly("metrics", unavailable))
}

// readHTTP reads the head of a request; what is behind it does not matter.
func readHTTP(in io.Reader) (*http.Request, error) {
	type read struct {
		request *http.Request
		err     error
	}
	done := make(chan read, 1)
	go func() {
		request, err := http.ReadRequest(bufio.NewReader(io.LimitReader(in, maxRequest)))
		done <- read{request, err}
	}()
	select {
	case r := <-done:
		return r.request, r.err
	case <-time.After(requestTimeout):
		return nil, os.ErrDeadlineExceeded
	}
}

// writeHTTP answers request, which is nil if it was none.
func writeHTTP(out io.Writer, request *http.Request, status int, text []byte) error {
	kind := "text/plain; version=0.0.4; charset=utf-8"
	if status != http.StatusOK {
		text = []byte(http.StatusText(status) + "\n")
	} else {
		text = append([]byte(isUp), text...)
	}
	response := http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Close: true, Request: request,
		Header: http.Header{"Content-Type": {kind}}, ContentLength: int64(len(text)), Body: io.NopCloser(bytes.NewReader(text)),
	}
	if status == http.StatusMethodNotAllowed {
		response.Header.Set("Allow", "GET, HEAD")
	}
	return response.Write(out)
}

// fetchMetrics asks the admin API for the metrics.
func fetchMetrics(ctx context.Context, socket string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	return adminclient.New(socket).Metrics(ctx)
}

// saveMetrics puts the metrics into a file, or that there are none. A reader sees
// the old file or the new one.
func saveMetrics(path string, text []byte, unavailable error) (err error) {
	content := []byte(isDown)
	if unavailable == nil {
		content = append([]byte(isUp), ours(text)...)
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // not *.prom: nobody reads it
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	_, err = file.Write(content)
	if err = errors.Join(err, file.Chmod(0o644), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// ours are the metrics about goldap, with what says what they are.
func ours(text []byte) []byte {
	var kept bytes.Buffer
	for line := range bytes.Lines(text) {
		name := strings.TrimPrefix(strings.TrimPrefix(string(line), "# HELP "), "# TYPE ")
		if strings.HasPrefix(name, "goldap_") {
			kept.Write(line)
		}
	}
	return kept.Bytes()
}
