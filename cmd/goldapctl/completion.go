package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/goldap/goldap/pkg/config"
)

const completionLong = `Print the script that has a shell complete the verbs, options and arguments of
goldapctl when Tab is pressed. The packages install it; without them:

  bash   in ~/.bashrc: source <(goldapctl completion bash)
  zsh    in ~/.zshrc, behind compinit: source <(goldapctl completion zsh)
  fish   goldapctl completion fish > ~/.config/fish/completions/goldapctl.fish

bash needs the package bash-completion. The names of directories and roles are those
of the configuration, which only root may read where it has a password in it.`

const completionExample = `  source <(goldapctl completion bash)
  goldapctl completion zsh > /usr/local/share/zsh/site-functions/_goldapctl
  goldapctl completion fish > ~/.config/fish/completions/goldapctl.fish`

// shells are those that there is a script for.
var shells = map[string]func(*cobra.Command, io.Writer) error{
	"bash": func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) },
	"zsh":  (*cobra.Command).GenZshCompletion,
	"fish": func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) },
}

func newCompletion() *cobra.Command {
	return &cobra.Command{
		Use:       "completion SHELL",
		Short:     "print the script for Tab in bash, zsh or fish",
		Long:      completionLong,
		Example:   completionExample,
		ValidArgs: []string{"bash", "fish", "zsh"},
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || shells[args[0]] == nil {
				return fmt.Errorf("completion needs one shell: bash, zsh or fish")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return shells[args[0]](cmd.Root(), cmd.OutOrStdout())
		},
	}
}

// completer finds what may stand at a place of the command line.
type completer = cobra.CompletionFunc

// byPlaceholder completes an argument by its name in Use. What is not here, and
// no file, cannot be known.
var byPlaceholder = map[string]completer{
	"FILE":      files,
	"DIRECTORY": directoryNames,
	"ROLE":      roleNames,
}

// byFlag completes the value of a flag by its name.
var byFlag = map[string]completer{
	"service":   services,
	"directory": directoryNames,
	"role":      roleNames,
}

// completeArguments has the shell complete the arguments and the values of flags
// of all verbs below cmd, as far as a verb does not say itself how.
func completeArguments(cmd *cobra.Command) {
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		find := byFlag[flag.Name]
		if find == nil && namesFile(flag.Name) {
			find = files
		}
		if find != nil {
			_ = cmd.RegisterFlagCompletionFunc(flag.Name, find) // unless the verb has one itself
		}
	})
	if cmd.ValidArgs == nil && cmd.ValidArgsFunction == nil {
		cmd.ValidArgsFunction = argumentsOf(cmd)
	}
	for _, verb := range cmd.Commands() {
		completeArguments(verb)
	}
}

func namesFile(flag string) bool {
	for _, end := range []string{"config", "socket", "file", "dir", "output"} {
		if flag == end || strings.HasSuffix(flag, "-"+end) {
			return true
		}
	}
	return false
}

// argumentsOf completes by the words of Use that are no flags or their values; one
// with dots behind it stands for all that follow.
func argumentsOf(cmd *cobra.Command) completer {
	var places []completer
	words := strings.Fields(cmd.Use)[1:]
	for i, word := range words {
		if strings.HasPrefix(word, "-") || i > 0 && strings.HasPrefix(words[i-1], "-") {
			continue
		}
		places = append(places, placeOf(cmd, strings.Trim(word, "[].")))
	}
	repeats := strings.HasSuffix(cmd.Use, "...")
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		at := len(args)
		if repeats {
			at = min(at, len(places)-1)
		}
		if at < len(places) && places[at] != nil {
			return places[at](cmd, args, typed)
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}

// placeOf completes an argument. What a name or a key belongs to is said by the
// verb above: directory, role or settings.
func placeOf(cmd *cobra.Command, placeholder string) completer {
	above := ""
	if cmd.HasParent() {
		above = cmd.Parent().Name()
	}
	switch {
	case placeholder == "NAME" && cmd.Name() != "add":
		return byFlag[above]
	case placeholder == "KEY=VALUE":
		return keysOf(above)
	}
	return byPlaceholder[placeholder]
}

// keysOf completes the keys of a part of the configuration.
func keysOf(part string) completer {
	var model any
	switch part {
	case "directory":
		model = config.DefaultDirectory()
	case "role":
		model = config.Role{}
	default:
		model = config.DefaultAuthentication()
	}
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		keys := keysIn("", config.Plain(model).(map[string]any))
		slices.Sort(keys)
		return keys, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
}

func keysIn(prefix string, table map[string]any) []string {
	var keys []string
	for key, value := range table {
		if inner, ok := value.(map[string]any); ok {
			keys = append(keys, keysIn(prefix+key+".", inner)...)
			continue
		}
		keys = append(keys, prefix+key+"=")
	}
	return keys
}

func files(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

// services are the PAM services of this machine, or of --service-dir.
func services(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	dir := "/etc/pam.d"
	if flag := cmd.Flag("service-dir"); flag != nil && flag.Value.String() != "" {
		dir = flag.Value.String()
	}
	entries, _ := os.ReadDir(dir)
	var names []string
	for _, entry := range entries {
		if name := entry.Name(); filepath.Ext(name) == "" && !entry.IsDir() {
			names = append(names, name)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func directoryNames(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, directory := range configured(cmd).Directories {
		names = append(names, directory.Name)
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "" }), cobra.ShellCompDirectiveNoFileComp
}

func roleNames(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, role := range configured(cmd).Roles {
		names = append(names, role.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// configured is the configuration of this machine, or of --config; an empty one
// if it cannot be read, for nobody wants to read errors behind a Tab.
func configured(cmd *cobra.Command) *config.Config {
	named := ""
	if flag := cmd.Flag("config"); flag != nil {
		named = flag.Value.String()
	}
	path, err := config.Find(named)
	if err != nil {
		return &config.Config{}
	}
	cfg, err := config.Load(path)
	if err != nil {
		return &config.Config{}
	}
	return cfg
}
