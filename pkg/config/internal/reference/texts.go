package reference

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
)

// texts holds the doc comments of the model: by struct and field.
type texts struct {
	docs map[string]map[string]string
	// keys are the names of fields that cannot be taken for a word of English,
	// and their keys.
	keys *strings.Replacer
}

// readTexts reads the doc comments from the files model*.go in dir.
func readTexts(dir string) (texts, error) { return readTextsOf(filepath.Join(dir, "model*.go")) }

func readTextsOf(pattern string) (texts, error) {
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		return texts{}, fmt.Errorf("no %s: %w", pattern, err)
	}
	docs := map[string]map[string]string{}
	var keys []string
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			return texts{}, fmt.Errorf("read the model: %w", err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if structure, ok := spec.Type.(*ast.StructType); ok {
				docs[spec.Name.Name] = docsOf(structure, &keys)
			}
			return false
		})
	}
	return texts{docs: docs, keys: strings.NewReplacer(keys...)}, nil
}

// docsOf returns the doc comments of a struct's fields, and appends to keys the
// names of fields and their keys.
func docsOf(structure *ast.StructType, keys *[]string) map[string]string {
	docs := map[string]string{}
	for _, field := range structure.Fields.List {
		for _, name := range field.Names {
			docs[name.Name] = field.Doc.Text()
			if field.Tag == nil {
				continue
			}
			tag := reflect.StructTag(strings.Trim(field.Tag.Value, "`"))
			key, _, _ := strings.Cut(tag.Get("toml")+tag.Get("json"), ",")
			if strings.Contains(key, "_") {
				for _, end := range []string{" ", ".", ",", ";"} {
					*keys = append(*keys, " "+name.Name+end, " "+key+end)
				}
			}
		}
	}
	return docs
}

// of returns the text of a field. A doc comment begins with the field's name;
// subject takes its place.
func (t texts) of(parent reflect.Type, field, subject string) string {
	text := strings.Join(strings.Fields(t.docs[parent.Name()][field]), " ")
	text = strings.TrimPrefix(text, field)
	return subject + t.keys.Replace(text)
}
