// Command genreference writes etc/goldap.toml and goldap.toml(5). It is run in
// pkg/config, by go generate.
package main

import (
	"fmt"
	"os"

	"github.com/goldap/goldap/pkg/config/internal/reference"
)

func main() {
	if err := run(".", "../../etc/goldap.toml", "../../packaging/man/goldap.toml.5"); err != nil {
		fmt.Fprintln(os.Stderr, "genreference:", err)
		os.Exit(1)
	}
}

func run(dir, out, page string) error {
	text, err := reference.Generate(dir)
	if err != nil {
		return err
	}
	if err := os.WriteFile(out, text, 0o644); err != nil {
		return err
	}
	return os.WriteFile(page, []byte(reference.Manual(text)), 0o644)
}
