// Command genreference writes etc/goldap.toml. It is run in pkg/config, by
// go generate.
package main

import (
	"fmt"
	"os"

	"github.com/goldap/goldap/pkg/config/internal/reference"
)

func main() {
	if err := run(".", "../../etc/goldap.toml"); err != nil {
		fmt.Fprintln(os.Stderr, "genreference:", err)
		os.Exit(1)
	}
}

func run(dir, out string) error {
	text, err := reference.Generate(dir)
	if err != nil {
		return err
	}
	return os.WriteFile(out, text, 0o644)
}
