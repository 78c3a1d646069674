package nslcd

// Version is the protocol version, the first word of every request and
// response.
const Version = 2

// Action is what a request asks for. The high half is the map, the low half
// the operation.
type Action uint32

// The actions that goldapd answers. A request for any other is closed without
// a byte, as nslcd does.
const (
	ActionConfigGet        Action = 0x00010001
	ActionGroupByName      Action = 0x00040001
	ActionGroupByGID       Action = 0x00040002
	ActionGroupByMember    Action = 0x00040006
	ActionGroupAll         Action = 0x00040008
	ActionPasswdByName     Action = 0x00080001
	ActionPasswdByUID      Action = 0x00080002
	ActionPasswdAll        Action = 0x00080008
	ActionShadowByName     Action = 0x000c0001
	ActionShadowAll        Action = 0x000c0008
	ActionAliasByName      Action = 0x00020001
	ActionAliasAll         Action = 0x00020008
	ActionEtherByName      Action = 0x00030001
	ActionEtherByEther     Action = 0x00030002
	ActionEtherAll         Action = 0x00030008
	ActionHostByName       Action = 0x00050001
	ActionHostByAddr       Action = 0x00050002
	ActionHostAll          Action = 0x00050008
	ActionNetgroupByName   Action = 0x00060001
	ActionNetgroupAll      Action = 0x00060008
	ActionNetworkByName    Action = 0x00070001
	ActionNetworkByAddr    Action = 0x00070002
	ActionNetworkAll       Action = 0x00070008
	ActionProtocolByName   Action = 0x00090001
	ActionProtocolByNumber Action = 0x00090002
	ActionProtocolAll      Action = 0x00090008
	ActionRPCByName        Action = 0x000a0001
	ActionRPCByNumber      Action = 0x000a0002
	ActionRPCAll           Action = 0x000a0008
	ActionServiceByName    Action = 0x000b0001
	ActionServiceByNumber  Action = 0x000b0002
	ActionServiceAll       Action = 0x000b0008
	ActionAuthenticate     Action = 0x000d0001
	ActionAuthorize        Action = 0x000d0002
	ActionSessionOpen      Action = 0x000d0003
	ActionSessionClose     Action = 0x000d0004
	ActionChangePassword   Action = 0x000d0005
	ActionUserMod          Action = 0x000e0001
)

// ActionLogin and ActionAdmit are goldap's own, in a range that nslcd does not
// use and refuses, upon which a caller asks with ActionAuthenticate and
// ActionAuthorize. They begin with the milliseconds that the caller can wait,
// and their answers have the PAM environment of the session, too. The
// authorization in the answer to ActionLogin is the verdict of every access
// rule, so that the caller need not ask again.
const (
	ActionLogin Action = 0x676c0001
	ActionAdmit Action = 0x676c0004
)

// ActionFlush and ActionStatus are goldap's own, too: forget what directories
// said, and say how the daemon is.
const (
	ActionFlush  Action = 0x676c0002
	ActionStatus Action = 0x676c0003
)

// ActionExplain is goldap's own, too: decide about a login and say how.
const ActionExplain Action = 0x676c0005

// ActionPaths is goldap's own, too: the groups of a user, and how the user comes
// to be in each.
const ActionPaths Action = 0x676c0006

// ActionSSHKeys is goldap's own, too: the keys with which a user may log in.
const ActionSSHKeys Action = 0x676c0007
