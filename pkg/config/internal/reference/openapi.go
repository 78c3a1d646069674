package reference

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"reflect"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/secret"
)

// object is a JSON object of the document.
type object = map[string]any

// OpenAPI returns the description of the admin API (OpenAPI 3.0.3), given the
// folder with the source of the model: the tables have the keys, texts and
// defaults of the model, the rest is in this file.
func OpenAPI(dir string) ([]byte, error) {
	texts, err := readTexts(dir)
	if err != nil {
		return nil, err
	}
	answers, err := readTextsOf(filepath.Join(dir, "../server/status.go"))
	if err != nil {
		return nil, err
	}
	s := schemas{texts: texts, answers: answers, done: object{}}
	s.add("Authentication", reflect.ValueOf(config.DefaultAuthentication()))
	s.add("Directory", reflect.ValueOf(config.DefaultDirectory()))
	s.add("Role", reflect.ValueOf(config.Role{}))
	s.addAnswers()
	s.addStatus()
	document := object{
		"openapi": "3.0.3",
		"info": object{
			"title": "goldap admin API", "version": "1",
			"description": "HTTP on the Unix socket /run/goldap/admin.sock, for root. Changes go into the managed file beside the administrator's and count at once. " +
				"Passwords can be set and are never shown.",
			"license": object{"name": "MIT"},
		},
		"servers": []object{{"url": "http://goldap", "description": "The host does not matter: it is a Unix socket."}},
		"paths":   paths(),
		"components": object{
			"schemas":   s.done,
			"responses": responses(),
		},
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err = encoder.Encode(document)
	return text.Bytes(), err
}

func ref(kind, name string) object { return object{"$ref": "#/components/" + kind + "/" + name} }

func schema(name string) object { return ref("schemas", name) }

// schemas collects the tables of the model.
type schemas struct {
	texts, answers texts
	done           object
}

// add describes a table, once; usual is what an empty one means.
func (s *schemas) add(name string, usual reflect.Value) object {
	if _, done := s.done[name]; !done {
		properties := object{}
		described := object{"type": "object", "additionalProperties": false, "properties": properties}
		s.done[name] = described
		for i := range usual.NumField() {
			field := usual.Type().Field(i)
			if key := field.Tag.Get("toml"); key != "-" && key != "" {
				properties[key] = s.property(usual.Type(), field, key, usual.Field(i))
			}
		}
	}
	return schema(name)
}

// property describes a key.
func (s *schemas) property(table reflect.Type, field reflect.StructField, key string, usual reflect.Value) object {
	described := s.value(usual)
	if described["$ref"] != nil { // nothing may stand beside it
		return described
	}
	if text := s.texts.of(table, field.Name, key); text != key {
		described["description"] = text
	}
	if kind := described["type"]; described["writeOnly"] == nil && kind != "array" && kind != "object" {
		described["default"] = config.Plain(usual.Interface())
	}
	return described
}

// value describes the values of a type.
func (s *schemas) value(v reflect.Value) object {
	switch v.Type() {
	case reflect.TypeFor[time.Duration]():
		return object{"type": "string", "pattern": `^([0-9.]+(ns|us|µs|ms|s|m|h))+$`, "example": "1m30s"}
	case reflect.TypeFor[secret.Secret]():
		return object{"type": "string", "writeOnly": true}
	case reflect.TypeFor[*config.Regexp]():
		return object{"type": "string"}
	}
	switch v.Kind() {
	case reflect.Struct:
		return s.add(v.Type().Name(), v)
	case reflect.Slice:
		return object{"type": "array", "items": s.value(element(v.Type().Elem()))}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": object{"type": "string"}}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Uint32:
		return object{"type": "integer", "minimum": 0, "maximum": 1<<32 - 1}
	default:
		return object{"type": "integer"}
	}
}

// addAnswers describes what is answered around the tables.
func (s *schemas) addAnswers() {
	text := object{"type": "string"}
	s.done["Report"] = object{
		"type": "object", "required": []string{"directory"},
		"description": "What a trial of every server of a directory found.",
		"properties": object{"directory": text, "error": text, "servers": object{"type": "array", "items": object{
			"type": "object", "required": []string{"uri", "ok"},
			"properties": object{"uri": text, "ok": object{"type": "boolean"}, "steps": object{"type": "array", "items": object{
				"type": "object", "required": []string{"name", "microseconds"},
				"properties": object{
					"name": object{"type": "string", "enum": []string{"dns", "connect", "tls", "bind", "base", "users"}},
					"details": object{"type": "array", "items": object{
						"type": "object", "required": []string{"name", "value"}, "properties": object{"name": text, "value": text},
					}},
					"microseconds": object{"type": "integer"}, "error": text,
				},
			}}},
		}}},
	}
	s.done["Problem"] = object{
		"type": "object", "required": []string{"title", "status", "detail"}, "description": "RFC 9457.",
		"properties": object{
			"title": text, "status": object{"type": "integer"}, "detail": text, "report": schema("Report"),
			"problems": object{"type": "array", "items": object{
				"type": "object", "required": []string{"text"},
				"properties": object{"parameter": text, "file": text, "line": object{"type": "integer"}, "text": text},
			}},
		},
	}
	for _, name := range []string{"Directory", "Role", "Authentication"} {
		properties := object{
			"name": text, "source": object{"type": "string", "enum": []string{"file", "managed"}},
			"secrets":  object{"type": "array", "items": text, "description": "The passwords that are there, by key."},
			"settings": schema(name),
		}
		required := []string{"source", "settings"}
		if name != "Authentication" {
			required = append(required, "name")
			properties["report"] = schema("Report")
		}
		s.done[name+"Item"] = object{"type": "object", "required": required, "properties": properties}
	}
	s.done["Move"] = object{"type": "object", "required": []string{"position"}, "additionalProperties": false,
		"properties": object{"position": object{"type": "integer", "minimum": 1, "description": "1 is asked first."}}}
}
