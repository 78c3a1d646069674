package config

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/goldap/goldap/pkg/secret"
)

// FuzzWrite puts texts and a number everywhere in the model, writes that and reads
// it again: it is the same, or, where a text is none that TOML can have, refused.
func FuzzWrite(f *testing.F) {
	for _, text := range []string{"", "a", "'", `"`, `"""`, "'''", `\`, "\\\"\n", "\r", "\r\n", "\t", "\x00", "\x1f\x7f", "\u0085\u2028\ufeff\ufffd", "#", "]]\n[daemon]\n", "\U0001f511", "\xff", "\xed\xa0\x80", "a.b c=", " x ", "x\\", "1970-01-01", "true"} {
		f.Add(text, text, int64(7))
	}
	f.Add("key", "text", int64(-1<<63))
	f.Fuzz(func(t *testing.T, key, text string, number int64) {
		cfg := Default()
		everywhere(reflect.ValueOf(cfg).Elem(), key, text, number)
		var written bytes.Buffer
		if err := Write(&written, cfg, WriteOptions{Secrets: true, Comment: func(string) string { return text }}); err != nil {
			if utf8.ValidString(key) && utf8.ValidString(text) {
				t.Error(err)
			}
			return
		}
		d := newDraft("goldap.toml", spellTOML)
		d.readTOML(written.Bytes())
		if difference := cmp.Diff(cfg, d.cfg, equalConfigs); difference != "" || len(d.errors) > 0 {
			t.Errorf("%v\n%s\n%q", d.errors, difference, written.String())
		}
	})
}

// everywhere puts the text, the number and a map of key and text into all of v.
func everywhere(v reflect.Value, key, text string, number int64) {
	switch v.Type() {
	case durationType:
		v.SetInt(number)
		return
	case secretType:
		v.Set(reflect.ValueOf(secret.FromString(text)))
		return
	case regexpType:
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i, name := range tomlKeys(v.Type()) {
			if name != "-" && name != "bind_password_file" && name != "root_bind_password_file" {
				everywhere(v.Field(i), key, text, number)
			}
		}
	case reflect.Slice:
		element := reflect.New(v.Type().Elem()).Elem()
		everywhere(element, key, text, number)
		v.Set(reflect.Append(reflect.MakeSlice(v.Type(), 0, 1), element))
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{key: text}))
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		v.SetBool(number%2 == 0)
	case reflect.Int:
		v.SetInt(number)
	case reflect.Uint32:
		v.SetUint(uint64(uint32(number)))
	}
}

// FuzzManaged reads bytes as a managed file over the administrator's. What is
// accepted is the same again after goldapd has written it.
func FuzzManaged(f *testing.F) {
	const c = "[[directory]]\nname='c'\nuris=['ldaps://c']\nbase='dc=c'\n"
	for _, seed := range []string{"", c, c + "[[directory.server]]\nuri='ldaps://d'\ntls={mode='ldaps'}\n", "directory_order=['b','x']\nremoved_roles=['staff']\n" + c,
		"[authentication]\n[[role]]\nname='staff'\nusers=['a']\ndirectories=['a']\n", "[authentication.login.throttle]\nfailures=0\n[[authentication.service]]\n",
		"[[directory]]\nname='a'\nuris=['ldaps://a']\nbase='dc=a'\nbind_dn='cn=g,dc=a'\ntls.key_file='/etc/x'\n", c + c, "removed_directories=['a','b']\n"} {
		f.Add([]byte(seed))
	}
	read := func(data []byte) (*Config, error) {
		d := parse("/x/goldap.toml", []byte(ownFile))
		d.overlayFile(&managedFile{path: "/x/managed/goldap.toml", data: data, mode: managedMode})
		if !d.stopped {
			d.check()
		}
		return d.result()
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg, err := read(data)
		if err != nil {
			if text := err.Error(); strings.Contains(text, marker) || strings.ContainsRune(text, 0) {
				t.Error(text)
			}
			return
		}
		contents, err := cfg.Managed.encode()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(contents), marker) {
			t.Errorf("the administrator's password is in the managed file: %s", contents)
		}
		again, err := read(contents)
		if err != nil {
			t.Fatalf("%v\n%s", err, contents)
		}
		if difference := cmp.Diff(cfg, again, equalConfigs); difference != "" {
			t.Errorf("%s\n%s", difference, contents)
		}
	})
}
