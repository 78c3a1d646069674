package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// assignments are KEY=VALUE arguments about a table such as [[directory]]. A key
// has the path within the table (tls.ca_file). What its values are is seen from
// the value that is there; a list is given value by value, or whole as JSON.
type assignments []string

// assignmentsHelp is for the verbs that take them.
const assignmentsHelp = `KEY is a key of goldap.toml within the table, with points for the tables in it, such as
tls.ca_file or passwd.attributes.uid. A list is given by naming the key once for each
value, or whole as JSON: uris=ldap://a uris=ldap://b, or 'bases=[{"dn": "ou=people"}]'.
KEY= empties a text or a list. Passwords are asked for, never taken from the command line.`

// apply sets the keys in the table.
func (a assignments) apply(table map[string]any) error {
	seen := map[string]bool{}
	for _, argument := range a {
		key, value, found := strings.Cut(argument, "=")
		if !found || key == "" {
			return fmt.Errorf("%q is not of the form KEY=VALUE", argument)
		}
		if strings.HasSuffix(key, "_password") {
			return fmt.Errorf("%s: a password on the command line is read by others: use --%s, which asks for it", key, strings.ReplaceAll(key, "_", "-"))
		}
		inner, last, err := within(table, key)
		if err != nil {
			return err
		}
		if inner[last], err = parseValue(value, inner[last], seen[key]); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		seen[key] = true
	}
	return nil
}

// within returns the table that a key is in, and its last part. Tables that are
// not there are made: goldapd says which keys it does not know.
func within(table map[string]any, key string) (inner map[string]any, last string, err error) {
	parts := strings.Split(key, ".")
	for i, part := range parts[:len(parts)-1] {
		switch next := table[part].(type) {
		case nil:
			made := map[string]any{}
			table[part], table = made, made
		case map[string]any:
			table = next
		default:
			return nil, "", fmt.Errorf("%s: %s is not a table; give it as a whole", key, strings.Join(parts[:i+1], "."))
		}
	}
	return table, parts[len(parts)-1], nil
}

// parseValue reads a value of the kind of the one that is there. again says that
// the key was given before.
func parseValue(text string, present any, again bool) (any, error) {
	switch present := present.(type) {
	case bool:
		value, err := strconv.ParseBool(text)
		if err != nil {
			return nil, fmt.Errorf("%q is neither true nor false", text)
		}
		return value, nil
	case float64, json.Number:
		if _, err := strconv.ParseInt(text, 10, 64); err != nil {
			return nil, fmt.Errorf("%q is not a whole number", text)
		}
		return json.Number(text), nil
	case []any:
		return parseElement(text, present, again)
	case map[string]any:
		var value map[string]any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			return nil, fmt.Errorf("%q is not a JSON object; or name a key in the table", text)
		}
		return value, nil
	default:
		if again {
			return nil, fmt.Errorf("is given twice, and is not a list")
		}
		return text, nil
	}
}

// parseElement reads a list, or one more element of it.
func parseElement(text string, present []any, again bool) ([]any, error) {
	if strings.HasPrefix(text, "[") {
		var list []any
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			return nil, fmt.Errorf("%q is not a JSON list", text)
		}
		return list, nil
	}
	if !again {
		present = nil
	}
	if text == "" && !again {
		return []any{}, nil
	}
	return append(present, text), nil
}
