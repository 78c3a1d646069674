package differential

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// Question is one request, and how getent(1) asks the same.
type Question struct {
	// Text names it, such as "passwd name alice".
	Text string
	// Getent are getent's arguments, nil if it cannot ask this.
	Getent []string
	// All says that the answer is a list without an order, of results that are
	// compared one by one.
	All bool

	action uint32
	body   []byte
	shape  string
}

// Request is the request as bytes.
func (q Question) Request() []byte {
	head := binary.BigEndian.AppendUint32(nil, 2)
	return append(binary.BigEndian.AppendUint32(head, q.action), q.body...)
}

// database is a map: its number in an action, and the shape of its results
// (see Answer).
type database struct {
	name   string
	number uint32
	shape  string
}

// groupShape is the shape of a group.
const groupShape = "ssum"

var databases = map[string]database{
	"aliases":   {"aliases", 0x2, "sl"},
	"ethers":    {"ethers", 0x3, "se"},
	"group":     {"group", 0x4, groupShape},
	"hosts":     {"hosts", 0x5, "sla"},
	"netgroup":  {"netgroup", 0x6, "sn"},
	"networks":  {"networks", 0x7, "sla"},
	"passwd":    {"passwd", 0x8, "ssuusss"},
	"protocols": {"protocols", 0x9, "sli"},
	"rpc":       {"rpc", 0xa, "sli"},
	"services":  {"services", 0xb, "slis"},
	"shadow":    {"shadow", 0xc, "ssiiiiiii"},
}

// The operations of an action.
const (
	opName   = 1
	opNumber = 2
	opMember = 6
	opAll    = 8
)

func (d database) question(op uint32, kind, key string, body []byte, getent ...string) Question {
	named := d.name + " " + kind
	if op != opAll {
		named += " " + shortened(key)
	}
	return Question{
		Text:   named,
		Getent: getent, All: op == opAll || op == opMember,
		action: d.number<<16 | op, body: body, shape: d.shape,
	}
}

// shortened makes a key fit into a table.
func shortened(key string) string {
	if len(key) > 40 {
		return fmt.Sprintf("%s... (%d bytes)", key[:4], len(key))
	}
	if quoted := fmt.Sprintf("%q", key); quoted != `"`+key+`"` || key == "" || key != strings.TrimSpace(key) {
		return quoted
	}
	return key
}

func text(s string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(s))), s...)
}

func number(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

// Names asks a map by names, and getent, too, where it would not take the name
// for a number or an address.
func Names(name string, keys ...string) []Question {
	var all []Question
	d := databases[name]
	for _, key := range keys {
		body := text(key)
		protocol := ""
		if name == "services" {
			key, protocol, _ = strings.Cut(key, "/")
			body = append(text(key), text(protocol)...)
			key = strings.TrimSuffix(key+"/"+protocol, "/")
		}
		var getent []string
		if !mistaken(name, key) {
			getent = []string{name, "--", key}
		}
		all = append(all, d.question(opName, "name", key, body, getent...))
	}
	return all
}

// mistaken reports whether getent takes a name for something else, or the C
// library has an answer of its own.
func mistaken(name, key string) bool {
	if key == "" || strings.ContainsRune(key, 0) {
		return true
	}
	switch name {
	case "hosts", "networks", "netgroup":
		return strings.ContainsAny(key, " :\\\n") || key[0] >= '0' && key[0] <= '9'
	}
	return strings.Trim(key[:1], "0123456789+-") == "" || key[0] == ' '
}

// Numbers asks a map by numbers.
func Numbers(name string, keys ...uint32) []Question {
	var all []Question
	for _, key := range keys {
		decimal := fmt.Sprint(key)
		all = append(all, databases[name].question(opNumber, "number", decimal, number(key), name, decimal))
	}
	return all
}

// Ports asks for services by "port/protocol".
func Ports(keys ...string) []Question {
	var all []Question
	for _, key := range keys {
		var port uint32
		decimal, protocol, _ := strings.Cut(key, "/")
		fmt.Sscan(decimal, &port) //nolint:errcheck // the keys are ours
		all = append(all, databases["services"].question(opNumber, "port", key, append(number(port), text(protocol)...), "services", key))
	}
	return all
}

// Addresses asks hosts or networks by addresses.
func Addresses(name string, keys ...string) []Question {
	var all []Question
	for _, key := range keys {
		address := netip.MustParseAddr(key)
		family := uint32(2)
		if address.Is6() {
			family = 10
		}
		body := append(number(family), text(string(address.AsSlice()))...)
		all = append(all, databases[name].question(opNumber, "address", key, body, name, key))
	}
	return all
}

// Ethers asks for the host of Ethernet addresses.
func Ethers(keys ...string) []Question {
	var all []Question
	for _, key := range keys {
		raw, err := net.ParseMAC(key)
		if err != nil {
			panic(err)
		}
		all = append(all, databases["ethers"].question(opNumber, "address", key, raw, "ethers", key))
	}
	return all
}

// GroupsOf asks for the groups of users.
func GroupsOf(users ...string) []Question {
	var all []Question
	for _, user := range users {
		var getent []string
		if user != "" {
			getent = []string{"initgroups", "--", user}
		}
		all = append(all, databases["group"].question(opMember, "member", user, text(user), getent...))
	}
	return all
}

// ProhibitMessage asks for pam_password_prohibit_message.
func ProhibitMessage() []Question {
	return []Question{{Text: "config 1", action: 0x00010001, body: number(1), shape: "s"}}
}

// pam is what all requests for a login begin with.
func pam(user string) []byte {
	var body []byte
	for _, field := range []string{user, "coronerd", "", "", ""} {
		body = append(body, text(field)...)
	}
	return body
}

// Authenticate asks whether a password is the user's; what says which one it is.
func Authenticate(user, what, password string) Question {
	return Question{Text: "authenticate " + shortened(user) + ", " + what, action: 0x000d0001, body: append(pam(user), text(password)...), shape: "isis"}
}

// Authorize asks whether users may log in.
func Authorize(users ...string) []Question {
	var all []Question
	for _, user := range users {
		all = append(all, Question{Text: "authorize " + shortened(user), action: 0x000d0002, body: pam(user), shape: "is"})
	}
	return all
}

// All asks for everything in the maps.
func All(names ...string) []Question {
	var all []Question
	for _, name := range names {
		var getent []string
		if name != "netgroup" { // glibc cannot list it
			getent = []string{name}
		}
		all = append(all, databases[name].question(opAll, "all", "", nil, getent...))
	}
	return all
}
