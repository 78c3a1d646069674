// Command genopenapi writes pkg/admin/openapi.json. It is run in pkg/admin, by go
// generate.
package main

import (
	"fmt"
	"os"

	"github.com/goldap/goldap/pkg/config/internal/reference"
)

func main() {
	if err := run("../config", "openapi.json"); err != nil {
		fmt.Fprintln(os.Stderr, "genopenapi:", err)
		os.Exit(1)
	}
}

func run(dir, out string) error {
	text, err := reference.OpenAPI(dir)
	if err != nil {
		return err
	}
	return os.WriteFile(out, text, 0o644)
}
