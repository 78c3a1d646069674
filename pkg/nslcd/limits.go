package nslcd

// Limits in bytes.
const (
	// MaxName bounds user and group names, services, hosts, terminals and
	// session ids in a request. nslcd 0.9.13 takes no more either.
	MaxName = 255
	// MaxPassword bounds a password in a request. nslcd 0.9.13 takes 255.
	MaxPassword = 8192
	// MaxValue bounds a value in ActionUserMod. nslcd has 4096 for all of a
	// request together.
	MaxValue = 4095
	// MaxRequest bounds a whole request.
	MaxRequest = 64 << 10
	// MaxMessage bounds a string in the answer to a PAM action: the stock
	// pam_ldap.so has buffers of 1024 bytes and fails on anything longer.
	MaxMessage = 1023
	// MaxEntry bounds one result entry: the read buffer of the stock
	// libnss_ldap.so.2 does not grow further.
	MaxEntry = 2 << 20
)
