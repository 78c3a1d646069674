package machine

import (
	"context"
	"slices"
)

// checkOthers looks for programs that do the same work, or get into its way.
func (x *examination) checkOthers(context.Context) {
	for _, p := range x.host.processes("nslcd", "sssd", "nscd", "unscd") {
		switch p.name {
		case "nslcd":
			what := "nslcd runs (process %s), too: it answers on /run/nslcd/socket, which pam_ldap and libnss_ldap ask, by a configuration of its own"
			if x.cfg != nil && slices.Contains(x.cfg.Daemon.Sockets, "/run/nslcd/socket") {
				what = "nslcd runs (process %s) and has /run/nslcd/socket, which goldapd is to listen on, too"
			}
			x.found("other-nslcd", "nslcd.service", "systemctl disable --now nslcd, once nothing asks it", what, p.pid)
		case "sssd":
			x.found("other-sssd", "sssd.service", "systemctl disable --now sssd, unless it serves another directory",
				"sssd runs (process %s), too: users whom both know are whom the first in nsswitch.conf says", p.pid)
		default:
			x.found("other-nscd", p.name+".service", "systemctl disable --now "+p.name+": goldapd remembers by itself; or set daemon.invalidate",
				"%s runs (process %s) and remembers users and groups for longer than goldapd does", p.name, p.pid)
		}
	}
}
