package samba

// policy is the password policy of the domain. A password
// lasts 42 days, as by default.
const policy = `dn: ` + Base + `
changetype: modify
replace: minPwdAge
minPwdAge: 0
-
replace: minPwdLength
minPwdLength: 8
-
replace: pwdHistoryLength
pwdHistoryLength: 3
-
replace: lockoutThreshold
lockoutThreshold: 3

`

// groups are nested: alice is in ops, and so in above. The gidNumber of
// everybody is that of Domain Users.
const groups = `dn: cn=ops,cn=Users,` + Base + `
changetype: add
objectClass: group
sAMAccountName: ops
gidNumber: 10102
member: cn=The person alice,cn=Users,` + Base + `

dn: cn=above,cn=Users,` + Base + `
changetype: add
objectClass: group
sAMAccountName: above
gidNumber: 10103
member: cn=ops,cn=Users,` + Base + `

dn: cn=Domain Users,cn=Users,` + Base + `
changetype: modify
replace: gidNumber
gidNumber: 10000

`

// age makes the password of aged older than the policy allows. No client may do
// that, so it is done past the LDAP server, as in a restored backup.
const age = `
import sys
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

lp = LoadParm(sys.argv[1])
db = SamDB(session_info=system_session(), lp=lp)
bypass_last_set = "local_oid:1.3.6.1.4.1.7165.4.3.20:0"
db.modify_ldif("dn: %s\nchangetype: modify\nreplace: pwdLastSet\npwdLastSet: %s\n" % (sys.argv[2], sys.argv[3]),
               controls=[bypass_last_set])
`
