package admin

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goldap/goldap/pkg/server"
)

// maxBody is the largest request, in bytes.
const maxBody = 1 << 20

// reply is what a handler answers with: a status and a value for JSON, which is
// nil for an empty body.
type reply struct {
	status   int
	value    any
	etag     string
	location string
}

// answer serves one request of the table.
func (a *API) answer(w http.ResponseWriter, r *http.Request, serve func(*http.Request) (*reply, error)) {
	if !acceptsJSON(r.Header.Get("Accept")) {
		a.writeProblem(w, problem(http.StatusNotAcceptable, "answers are application/json; Accept does not name it"))
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	answer, err := serve(r)
	if err != nil {
		p := a.asProblem(err)
		a.writeProblem(w, p)
		if r.Method != http.MethodGet {
			a.log(r, "admin change refused", "status", p.Status, "reason", p.Error())
		}
		return
	}
	if answer.etag != "" {
		w.Header().Set("ETag", answer.etag)
	}
	if answer.location != "" {
		w.Header().Set("Location", answer.location)
	}
	if r.Method != http.MethodGet {
		a.log(r, "admin change", "status", answer.status)
	}
	a.write(w, answer.status, "application/json", answer.value)
}

func (a *API) log(r *http.Request, text string, more ...any) {
	caller, _ := r.Context().Value(callerKey{}).(server.Credential)
	a.options.Logger.Info(text, append([]any{"method", r.Method, "path", r.URL.Path, "caller_uid", caller.UID, "caller_pid", caller.PID}, more...)...)
}

// asProblem returns the answer to an error.
func (a *API) asProblem(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	return problem(http.StatusInternalServerError, "%v", err)
}

func (a *API) writeProblem(w http.ResponseWriter, p *Problem) {
	a.write(w, p.Status, "application/problem+json", p)
}

func (a *API) write(w http.ResponseWriter, status int, contentType string, value any) {
	if value == nil {
		w.WriteHeader(status)
		return
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		a.options.Logger.Error("admin API cannot answer", "error", err)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if _, err := w.Write(text.Bytes()); err != nil {
		a.options.Logger.Debug("admin API: the caller went away", "error", err)
	}
}

// acceptsJSON reports whether an Accept header (RFC 9110, section 12.5.1) lets
// the answer be JSON.
func acceptsJSON(accept string) bool {
	if accept == "" {
		return true
	}
	for part := range strings.SplitSeq(accept, ",") {
		kind, parameters, err := mime.ParseMediaType(part)
		if err == nil && (kind == "*/*" || kind == "application/*" || kind == "application/json") {
			quality, err := strconv.ParseFloat(cmp.Or(parameters["q"], "1"), 64)
			if err != nil || quality == 0 {
				continue
			}
			return true
		}
	}
	return false
}

// readTable reads a JSON object from the body of a request.
func readTable(r *http.Request) (map[string]any, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return nil, problem(http.StatusUnsupportedMediaType, "the body must be application/json, and Content-Type must say so")
	}
	body, err := io.ReadAll(r.Body)
	defer clear(body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, problem(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", tooLarge.Limit)
	case err != nil:
		return nil, problem(http.StatusBadRequest, "the body could not be read: %v", err)
	}
	if !utf8.Valid(body) { // the decoder would put something else in the place of what is not
		return nil, problem(http.StatusBadRequest, "the body is not UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var table map[string]any
	err = decoder.Decode(&table)
	if err == nil {
		if _, more := decoder.Token(); more != io.EOF {
			err = errors.New("there is more behind the object")
		}
	}
	if err != nil || table == nil {
		return nil, problem(http.StatusBadRequest, "the body is not a JSON object: %s", jsonFault(err))
	}
	if key, found := twice(json.NewDecoder(bytes.NewReader(body))); found {
		return nil, problem(http.StatusBadRequest, "the body has the key %q twice in the same object: which one counts?", key)
	}
	return table, nil
}

// twice returns a key that an object in the next value has twice. The value is
// known to be valid, and not to be nested without end.
func twice(d *json.Decoder) (key string, found bool) {
	seen := map[string]bool{}
	start, _ := d.Token()
	if start != json.Delim('{') && start != json.Delim('[') {
		return "", false
	}
	for d.More() {
		if start == json.Delim('{') {
			token, _ := d.Token()
			key, _ := token.(string)
			if seen[key] {
				return key, true
			}
			seen[key] = true
		}
		if key, found := twice(d); found {
			return key, true
		}
	}
	_, _ = d.Token() // the bracket
	return "", false
}

// jsonFault says what is wrong without showing any of the body, in which there
// may be a password.
func jsonFault(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("wrong at byte %d", syntax.Offset)
	case errors.As(err, &kind):
		return "it is of type " + kind.Value
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "it ends too early"
	case err == nil:
		return "it is null"
	}
	return err.Error()
}
