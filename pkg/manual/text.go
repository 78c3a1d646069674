// Package manual makes manual pages (man(7)) and Markdown of the texts that the
// programs print as their help, so that each thing is written once.
//
// Such a text has paragraphs, and behind them indented lines. Those are a list if
// two blanks part what is explained from its explanation, and else stand as they
// are:
//
//	Maps and their keys:
//	  passwd NAME|UID   a user
//	  group  NAME|GID   a group, which may go on
//	                    below its explanation
//
// The pages change only when the text does: they have no version, and one date.
package manual

import (
	"regexp"
	"strings"
)

// Block is a piece of a text: one of its fields is set.
type Block struct {
	// Paragraph is filled text.
	Paragraph string
	// Items are a list of things with their explanations.
	Items []Item
	// Literal are lines that stand as they are.
	Literal []string
}

// Item is one thing in a list.
type Item struct{ Tag, Text string }

// Parse splits a text into its blocks.
func Parse(text string) []Block {
	var blocks []Block
	var paragraph []string
	end := func() {
		if len(paragraph) > 0 {
			blocks = append(blocks, Block{Paragraph: strings.Join(paragraph, " ")})
		}
		paragraph = nil
	}
	lines := strings.Split(text, "\n")
	for len(lines) > 0 {
		line := strings.TrimRight(lines[0], " \t")
		switch {
		case line == "":
			end()
			lines = lines[1:]
		case indentation(line) > 0:
			end()
			n := indented(lines)
			blocks = append(blocks, blockOf(lines[:n]))
			lines = lines[n:]
		default:
			paragraph = append(paragraph, line)
			lines = lines[1:]
		}
	}
	end()
	return blocks
}

func indentation(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// indented is how many lines belong to the indented block that begins the lines;
// empty ones in it do, too.
func indented(lines []string) int {
	n := 0
	for i, line := range lines {
		switch {
		case strings.TrimSpace(line) == "":
		case indentation(line) > 0:
			n = i + 1
		default:
			return n
		}
	}
	return n
}

// blockOf is a list if the lines are one, and else literal.
func blockOf(lines []string) Block {
	if items := itemsOf(lines); items != nil {
		return Block{Items: items}
	}
	literal := make([]string, len(lines))
	for i, line := range lines {
		literal[i] = strings.TrimPrefix(line, strings.Repeat(" ", indentation(lines[0])))
	}
	return Block{Literal: literal}
}

// itemsOf reads a list, nil if there is a line that is not of one. A thing whose
// name is too long has its explanation below it.
func itemsOf(lines []string) []Item {
	column := explanations(lines)
	if column == 0 {
		return nil
	}
	var items []Item
	first := indentation(lines[0])
	for _, line := range lines {
		last := len(items) - 1
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "":
		case indentation(line) > first:
			items[last].Text = strings.TrimSpace(items[last].Text + " " + trimmed)
		case column < len(line) && strings.HasSuffix(line[:column], "  "):
			items = append(items, Item{Tag: strings.Join(strings.Fields(line[:column]), " "), Text: line[column:]})
		default:
			tag, text, _ := strings.Cut(trimmed, "  ")
			items = append(items, Item{Tag: tag, Text: strings.TrimSpace(text)})
		}
	}
	for _, item := range items {
		if item.Text == "" {
			return nil
		}
	}
	return items
}

var gap = regexp.MustCompile(`\S  +\S`)

// explanations is the column where the explanations of a list begin, 0 if the
// lines are no list: the last one that most of its lines have text at, behind
// two blanks.
func explanations(lines []string) int {
	first := indentation(lines[0])
	votes := map[int]int{}
	best := 0
	for _, line := range lines {
		if indentation(line) != first {
			continue
		}
		for _, found := range gap.FindAllStringIndex(line, -1) {
			column := found[1] - 1
			votes[column]++
			if votes[column] > votes[best] || votes[column] == votes[best] && column > best {
				best = column
			}
		}
	}
	return best
}
