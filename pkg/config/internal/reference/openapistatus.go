package reference

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goldap/goldap/pkg/server"
)

// addStatus describes server.Status and what is in it, which have JSON keys and
// doc comments of their own.
func (s *schemas) addStatus() { s.answer(reflect.TypeFor[server.Status]()) }

// answer describes a type that is only answered.
func (s *schemas) answer(t reflect.Type) object {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t.Kind() == reflect.Pointer:
		return s.answer(t.Elem())
	case t.Kind() == reflect.Slice:
		return object{"type": "array", "items": s.answer(t.Elem())}
	case t.Kind() == reflect.Map:
		return object{"type": "object", "additionalProperties": s.answer(t.Elem())}
	case t.Kind() == reflect.Struct:
		return s.answerTable(t)
	case t.Kind() == reflect.String:
		return object{"type": "string"}
	case t.Kind() == reflect.Bool:
		return object{"type": "boolean"}
	case t.Kind() == reflect.Float64:
		return object{"type": "number"}
	default:
		return object{"type": "integer"}
	}
}

// answerTable describes a struct, once. What is not always there is not required.
func (s *schemas) answerTable(t reflect.Type) object {
	name := t.Name()
	if _, done := s.done[name]; done {
		return schema(name)
	}
	properties, required := object{}, []string{}
	s.done[name] = object{"type": "object", "additionalProperties": false, "properties": properties}
	for i := range t.NumField() {
		key, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		properties[key] = s.answer(t.Field(i).Type)
		if !strings.Contains(options, "omit") {
			required = append(required, key)
		}
		if text := s.answers.of(t, t.Field(i).Name, key); text != key && properties[key].(object)["$ref"] == nil {
			properties[key].(object)["description"] = text
		}
	}
	slices.Sort(required)
	s.done[name].(object)["required"] = required
	return schema(name)
}
