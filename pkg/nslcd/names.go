package nslcd

import "fmt"

var actionNames = map[Action]string{
	ActionConfigGet:      "config",
	ActionGroupByName:    "group-by-name",
	ActionGroupByGID:     "group-by-gid",
	ActionGroupByMember:  "groups-of-member",
	ActionGroupAll:       "group-all",
	ActionPasswdByName:   "passwd-by-name",
	ActionPasswdByUID:    "passwd-by-uid",
	ActionPasswdAll:      "passwd-all",
	ActionShadowByName:   "shadow-by-name",
	ActionShadowAll:      "shadow-all",
	ActionAuthenticate:   "authenticate",
	ActionAuthorize:      "authorize",
	ActionSessionOpen:    "session-open",
	ActionSessionClose:   "session-close",
	ActionChangePassword: "password",
	ActionLogin:          "login",
}

// String returns the name that the log shows.
func (a Action) String() string {
	if name, ok := actionNames[a]; ok {
		return name
	}
	return fmt.Sprintf("action(%#08x)", uint32(a))
}
