package main

import (
	"fmt"
	"log/slog"
	"strings"

	systemd "github.com/coreos/go-systemd/v22/daemon"
)

// notifier tells the service manager how goldapd is (sd_notify(3)). Without one
// it does nothing.
type notifier struct{ logger *slog.Logger }

// ready says that requests are answered, at the start or after a reload, and
// what "systemctl status" shows.
func (n notifier) ready(status string) {
	n.tell(systemd.SdNotifyReady, "STATUS="+oneLine(status))
}

// reloading says that ready will follow. The time is what systemd recognises
// its own order by (Type=notify-reload in systemd.service(5)).
func (n notifier) reloading() {
	n.tell(systemd.SdNotifyReloading, strings.TrimSpace(systemd.SdNotifyMonotonicUsec()), "STATUS=reading the configuration again")
}

// stopping says that no more requests are accepted.
func (n notifier) stopping() {
	n.tell(systemd.SdNotifyStopping, "STATUS=finishing the requests in flight")
}

// alive puts the watchdog off.
func (n notifier) alive() { n.tell(systemd.SdNotifyWatchdog) }

func (n notifier) tell(words ...string) {
	if _, err := systemd.SdNotify(false, strings.Join(words, "\n")); err != nil {
		n.logger.Warn("the service manager is not told", "message", words[0], "error", err)
	}
}

// maxStatus keeps the status on one line of a terminal or two.
const maxStatus = 200

// oneLine makes text fit for a STATUS= message, which ends with its line.
func oneLine(text string) string {
	first, rest, _ := strings.Cut(text, "\n")
	if rest != "" {
		first += fmt.Sprintf(" (and %d more, see the log)", 1+strings.Count(rest, "\n"))
	}
	if len(first) > maxStatus {
		first = strings.ToValidUTF8(first[:maxStatus], "") + "..."
	}
	return first
}
