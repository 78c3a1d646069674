package nslcd

import "fmt"

var actionNames = map[Action]string{
	ActionConfigGet:        "config",
	ActionGroupByName:      "group-by-name",
	ActionGroupByGID:       "group-by-gid",
	ActionGroupByMember:    "groups-of-member",
	ActionGroupAll:         "group-all",
	ActionPasswdByName:     "passwd-by-name",
	ActionPasswdByUID:      "passwd-by-uid",
	ActionPasswdAll:        "passwd-all",
	ActionShadowByName:     "shadow-by-name",
	ActionShadowAll:        "shadow-all",
	ActionAliasByName:      "alias-by-name",
	ActionAliasAll:         "alias-all",
	ActionEtherByName:      "ether-by-name",
	ActionEtherByEther:     "ether-by-ether",
	ActionEtherAll:         "ether-all",
	ActionHostByName:       "host-by-name",
	ActionHostByAddr:       "host-by-address",
	ActionHostAll:          "host-all",
	ActionNetgroupByName:   "netgroup-by-name",
	ActionNetgroupAll:      "netgroup-all",
	ActionNetworkByName:    "network-by-name",
	ActionNetworkByAddr:    "network-by-address",
	ActionNetworkAll:       "network-all",
	ActionProtocolByName:   "protocol-by-name",
	ActionProtocolByNumber: "protocol-by-number",
	ActionProtocolAll:      "protocol-all",
	ActionRPCByName:        "rpc-by-name",
	ActionRPCByNumber:      "rpc-by-number",
	ActionRPCAll:           "rpc-all",
	ActionServiceByName:    "service-by-name",
	ActionServiceByNumber:  "service-by-number",
	ActionServiceAll:       "service-all",
	ActionAuthenticate:     "authenticate",
	ActionAuthorize:        "authorize",
	ActionSessionOpen:      "session-open",
	ActionSessionClose:     "session-close",
	ActionChangePassword:   "password",
	ActionUserMod:          "usermod",
	ActionLogin:            "login",
	ActionAdmit:            "admit",
	ActionFlush:            "flush",
	ActionStatus:           "status",
	ActionExplain:          "explain",
	ActionPaths:            "group-paths",
	ActionSSHKeys:          "ssh-keys",
}

// String returns the name that the log shows.
func (a Action) String() string {
	if name, ok := actionNames[a]; ok {
		return name
	}
	return fmt.Sprintf("action(%#08x)", uint32(a))
}
