package slapd

// things are the entries of the maps that logins do not need: one or two of
// each that has a schema in Debian's nis.ldif.
func things() []entry {
	all := []entry{{dn: "ou=things," + Base}}
	all[0].add("objectClass", "organizationalUnit")
	all[0].add("ou", "things")
	add := func(cn string, classes []string, pairs ...string) {
		e := entry{dn: "cn=" + cn + ",ou=things," + Base}
		e.add("objectClass", classes...)
		e.add("cn", cn)
		for i := 0; i < len(pairs); i += 2 {
			e.add(pairs[i], pairs[i+1])
		}
		all = append(all, e)
	}
	add("box.mydomain.com", []string{"device", "ipHost", "ieee802Device"}, "cn", "box", "ipHostNumber", "10.20.0.5",
		"ipHostNumber", "2001:db8::5", "macAddress", "0:18:8a:54:1a:e")
	add("lan", []string{"ipNetwork"}, "ipNetworkNumber", "10.20.0.0")
	add("admins", []string{"nisNetgroup"}, "nisNetgroupTriple", "(box,alice,)", "memberNisNetgroup", "others")
	add("others", []string{"nisNetgroup"}, "nisNetgroupTriple", "(,bob,mydomain)")
	add("prot", []string{"ipProtocol"}, "cn", "palias", "ipProtocolNumber", "222", "description", "none")
	add("rpcx", []string{"oncRpc"}, "oncRpcNumber", "150999", "description", "none")
	add("ssvc", []string{"ipService"}, "cn", "ssvcalias", "ipServicePort", "4242", "ipServiceProtocol", "tcp", "ipServiceProtocol", "udp")
	return all
}
