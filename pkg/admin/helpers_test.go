package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/server"
)

// marker is the password in the files of the tests. No answer may show it.
const marker = "S3cret-Marker!"

const ownFile = `# the administrator's
[[directory]]
name = "main"
uris = ["ldaps://ldap.example.com"]
base = "dc=example,dc=com"
bind_dn = "cn=goldap,dc=example,dc=com"
bind_password = "` + marker + `"
[[role]]
name = "staff"
directories = ["main"]
users = ["ann"]
`

// site is an API on a socket, with a client that holds every answer against
// openapi.json.
type site struct {
	t      *testing.T
	path   string
	client *http.Client
	router routers.Router
	// inForce is what Install was called with last.
	inForce *config.Config
	// usable is what trials of directories say.
	usable   bool
	verified []config.Directory
	// trying is called in the middle of a trial, if it is set.
	trying  func(context.Context)
	flushed int
	caller  atomic.Pointer[server.Credential]
	// installs fails if it is set, after the file was saved or before.
	installError error
}

func newSite(t *testing.T, own string) *site {
	t.Helper()
	dir := t.TempDir()
	s := &site{t: t, path: filepath.Join(dir, "goldap.toml"), usable: true}
	s.caller.Store(&server.Credential{PID: 7})
	if err := os.WriteFile(s.path, []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "managed"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.serve(filepath.Join(dir, "s"))
	return s
}

func (s *site) options() Options {
	return Options{
		Path: s.path,
		Install: func(load func() (*config.Config, error), save func() error) error {
			cfg, err := load()
			if err != nil {
				return err
			}
			if s.installError != nil {
				return s.installError
			}
			if err := save(); err != nil {
				return err
			}
			s.inForce = cfg
			return nil
		},
		Status: func() (status server.Status) {
			fill(reflect.ValueOf(&status).Elem())
			return status
		},
		Flush:   func() { s.flushed++ },
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "goldap_up 1\n") }),
		Verify: func(ctx context.Context, d config.Directory) directory.Report {
			if s.trying != nil {
				s.trying(ctx)
			}
			s.verified = append(s.verified, d)
			return directory.Report{Directory: d.Name, Servers: []directory.ServerReport{{URI: d.URIs[0], OK: s.usable, Steps: []directory.TrialStep{
				{Name: directory.StepConnect, Took: directory.Took(time.Millisecond), Details: []directory.Detail{{Name: "address", Value: "192.0.2.1"}}},
			}}}}
		},
		Credential: func(*net.UnixConn) (server.Credential, error) {
			caller := s.caller.Load()
			if caller.PID == 0 {
				return server.Credential{}, errors.New("nobody knows")
			}
			return *caller, nil
		},
	}
}

// fill puts something into every part of v.
func fill(v reflect.Value) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Unix(1, 0).UTC()))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Map:
		element := reflect.New(v.Type().Elem()).Elem()
		fill(element)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("key").Convert(v.Type().Key()), element)
	case reflect.String:
		v.SetString("text")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(1.5)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	default:
		v.SetUint(7)
	}
}

// serve starts the API on a socket.
func (s *site) serve(socket string) {
	s.t.Helper()
	document, err := openapi3.NewLoader().LoadFromFile("openapi.json")
	if err != nil {
		s.t.Fatal(err)
	}
	if s.router, err = legacy.NewRouter(document, openapi3.DisableExamplesValidation()); err != nil {
		s.t.Fatal(err)
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- New(s.options()).Serve(ctx, listener) }()
	s.t.Cleanup(func() {
		s.client.CloseIdleConnections()
		stop()
		if err := <-ended; err != nil {
			s.t.Error(err)
		}
	})
	s.client = &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, // each request is looked at: who is calling?
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// ask makes a request and wants a status. headers are name and value in turn.
func (s *site) ask(want int, method, path, body string, headers ...string) answer {
	s.t.Helper()
	request, err := http.NewRequest(method, "http://goldap"+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := s.client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if response.StatusCode != want {
		s.t.Errorf("%s %s %s: status %d, want %d: %s", method, path, body, response.StatusCode, want, text)
	}
	if bytes.Contains(text, []byte(marker)) {
		s.t.Errorf("%s %s shows the password: %s", method, path, text)
	}
	s.check(request, body, response, text)
	return answer{response.StatusCode, response.Header, text}
}

// check holds a request that succeeded and every answer against the document.
func (s *site) check(request *http.Request, body string, response *http.Response, text []byte) {
	s.t.Helper()
	request.Body = io.NopCloser(strings.NewReader(body))
	route, parameters, err := s.router.FindRoute(request)
	if err != nil {
		if response.StatusCode < 400 {
			s.t.Errorf("%s %s is not in openapi.json: %v", request.Method, request.URL, err)
		}
		return
	}
	options := &openapi3filter.Options{IncludeResponseStatus: true, ExcludeReadOnlyValidations: true}
	in := &openapi3filter.RequestValidationInput{Request: request, PathParams: parameters, Route: route, Options: options}
	if err := openapi3filter.ValidateRequest(context.Background(), in); err != nil && response.StatusCode < 400 {
		s.t.Errorf("%s %s succeeded, but openapi.json does not allow it: %v", request.Method, request.URL, err)
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: response.StatusCode, Header: response.Header, Options: options}
	out.SetBodyBytes(text)
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		s.t.Errorf("the answer to %s %s (%d) is not as in openapi.json: %v\n%s", request.Method, request.URL, response.StatusCode, err, text)
	}
}

func into[T any](t *testing.T, a answer) T {
	t.Helper()
	var value T
	if err := json.Unmarshal(a.body, &value); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	return value
}

// refused makes a request that must be refused with texts in the answer.
func (s *site) refused(status int, method, path, body string, texts ...string) Problem {
	s.t.Helper()
	before, inForce := s.files(), s.inForce
	a := s.ask(status, method, path, body)
	p := into[Problem](s.t, a)
	for _, text := range texts {
		if !strings.Contains(p.Error(), text) {
			s.t.Errorf("%s %s %s: no %q in %s", method, path, body, text, p.Error())
		}
	}
	if s.files() != before || s.inForce != inForce {
		s.t.Errorf("%s %s %s was refused and changed something", method, path, body)
	}
	return p
}

// files returns the contents of all files.
func (s *site) files() string {
	var all strings.Builder
	for _, path := range []string{s.path, config.ManagedPath(s.path)} {
		data, err := os.ReadFile(path)
		if err != nil && !os.IsNotExist(err) {
			s.t.Fatal(err)
		}
		all.Write(data)
	}
	return all.String()
}

// body encodes a JSON object.
func body(t *testing.T, value any) string {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
