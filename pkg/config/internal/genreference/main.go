// Command genreference writes etc/goldap.toml. It is run in pkg/config, by
// go generate.
package main

import (
	"fmt"
	"os"

	"github.com/goldap/goldap/pkg/config/internal/reference"
)

func main() {
	if err := run("model.go", "../../etc/goldap.toml"); err != nil {
		fmt.Fprintln(os.Stderr, "genreference:", err)
		os.Exit(1)
	}
}

func run(model, out string) error {
	source, err := os.ReadFile(model)
	if err != nil {
		return err
	}
	text, err := reference.Generate(source)
	if err != nil {
		return err
	}
	return os.WriteFile(out, text, 0o644)
}
