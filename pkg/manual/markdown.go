package manual

import (
	"fmt"
	"strings"
)

// Markdown returns blocks as Markdown.
func Markdown(blocks []Block) string {
	var parts []string
	for _, block := range blocks {
		switch {
		case block.Items != nil:
			var list strings.Builder
			for _, item := range block.Items {
				fmt.Fprintf(&list, "* `%s`: %s\n", item.Tag, inMarkdown(item.Text))
			}
			parts = append(parts, list.String())
		case block.Literal != nil:
			parts = append(parts, Code(strings.Join(block.Literal, "\n")))
		default:
			parts = append(parts, inMarkdown(block.Paragraph)+"\n")
		}
	}
	return strings.Join(parts, "\n")
}

// Code returns text as a block of code.
func Code(text string) string { return "```text\n" + strings.TrimRight(text, "\n") + "\n```\n" }

var markdownEscapes = strings.NewReplacer(`*`, `\*`, `<`, `\<`, `_`, `\_`)

// inMarkdown has options and pages stand out, and nothing else mean something.
func inMarkdown(text string) string {
	var b strings.Builder
	at := 0
	for _, found := range bold.FindAllStringIndex(text, -1) {
		b.WriteString(markdownEscapes.Replace(text[at:found[0]]) + "`" + text[found[0]:found[1]] + "`")
		at = found[1]
	}
	return b.String() + markdownEscapes.Replace(text[at:])
}
