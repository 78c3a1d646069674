package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// writeUsage is what --help prints below the text of a verb. The manual pages are
// made of the same parts.
func writeUsage(cmd *cobra.Command) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage:\n  %s\n", synopsis(cmd))
	if cmd.HasExample() {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", strings.TrimRight(cmd.Example, "\n"))
	}
	if verbs := availableVerbs(cmd); len(verbs) > 0 {
		var rows [][2]string
		for _, verb := range verbs {
			rows = append(rows, [2]string{verb.Name(), verb.Short})
		}
		fmt.Fprintf(&b, "\nVerbs:\n%s", inColumns(rows))
	}
	fmt.Fprintf(&b, "\nOptions:\n%s", inColumns(optionsOf(cmd)))
	_, err := cmd.OutOrStderr().Write([]byte(b.String()))
	return err
}

// synopsis is how a command is called.
func synopsis(cmd *cobra.Command) string {
	text := cmd.CommandPath() + strings.TrimPrefix(cmd.Use, cmd.Name())
	if len(availableVerbs(cmd)) > 0 {
		text += " [VERB]"
	}
	return text + " [OPTION]..."
}

// availableVerbs are those that people see.
func availableVerbs(cmd *cobra.Command) []*cobra.Command {
	var available []*cobra.Command
	for _, verb := range cmd.Commands() {
		if verb.IsAvailableCommand() {
			available = append(available, verb)
		}
	}
	return available
}

// optionsOf are the options of a verb, and what each is for.
func optionsOf(cmd *cobra.Command) [][2]string {
	var rows [][2]string
	cmd.InitDefaultHelpFlag()
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		if flag.Hidden {
			return
		}
		name, usage := "    --"+flag.Name, flag.Usage
		if flag.Shorthand != "" {
			name = "-" + flag.Shorthand + ", --" + flag.Name
		}
		if flag.Name == "help" {
			usage = "print the help and exit"
		}
		if value := valueName(flag); value != "" {
			name += " " + value
		}
		usage = strings.ReplaceAll(usage, "`", "")
		switch flag.DefValue {
		case "", "false", "[]", "0", "0s":
		default:
			usage += " (default " + flag.DefValue + ")"
		}
		rows = append(rows, [2]string{name, usage})
	})
	return rows
}

// valueNames are names for the values of flags that are not the flags' own.
var valueNames = map[string]string{
	"socket": "PATH", "admin-socket": "PATH", "config": "FILE", "output": "FILE", "rhost": "HOST", "ruser": "USER", "from": "PROGRAM",
}

// valueName is what stands for a flag's value: a word in backquotes in its text
// (pflag), and else a word of its name.
func valueName(flag *pflag.Flag) string {
	switch _, named, quoted := strings.Cut(flag.Usage, "`"); {
	case flag.Value.Type() == "bool":
		return ""
	case quoted:
		named, _, _ = strings.Cut(named, "`")
		return named
	case valueNames[flag.Name] != "":
		return valueNames[flag.Name]
	}
	return strings.ToUpper(flag.Name[strings.LastIndex(flag.Name, "-")+1:])
}

const (
	// usageWidth is the longest line that inColumns breaks text for.
	usageWidth = 90
	// usageColumn is where the second column begins at the latest.
	usageColumn = 28
)

// inColumns prints names and their texts. A long name has its text below it.
func inColumns(rows [][2]string) string {
	column := 0
	for _, row := range rows {
		if width := 2 + len(row[0]) + 3; width <= usageColumn {
			column = max(column, width)
		}
	}
	if column == 0 {
		column = usageColumn
	}
	var b strings.Builder
	for _, row := range rows {
		line := "  " + row[0]
		if len(line)+2 > column {
			b.WriteString(line + "\n")
			line = ""
		}
		line += strings.Repeat(" ", column-len(line))
		for i, word := range strings.Fields(row[1]) {
			switch {
			case i == 0:
				line += word
			case len(line)+1+len(word) > usageWidth:
				b.WriteString(line + "\n")
				line = strings.Repeat(" ", column) + word
			default:
				line += " " + word
			}
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}
