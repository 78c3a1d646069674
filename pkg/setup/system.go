package setup

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// daemonGroup is the group that goldapd runs as.
const daemonGroup = "goldap"

// groupOf returns the gid of a group in group(5), this process's own if there
// is none.
func groupOf(path, name string) int {
	data, err := os.ReadFile(path)
	if err != nil || os.Geteuid() != 0 {
		return os.Getegid()
	}
	for line := range bytes.Lines(data) {
		fields := strings.Split(string(line), ":")
		if gid, err := strconv.Atoi(fieldAt(fields, 2)); fields[0] == name && err == nil {
			return gid
		}
	}
	return os.Getegid()
}

func fieldAt(fields []string, i int) string {
	if i < len(fields) {
		return fields[i]
	}
	return ""
}

func hasStar(pattern string) bool { return strings.ContainsAny(pattern, "*?[") }

// shown is the reverse of real.
func (o Options) shown(path string) string {
	if o.Root == "" {
		return path
	}
	return strings.TrimPrefix(path, filepath.Clean(o.Root))
}
