package samba

// policy is the password policy of the domain. A user's own password policy
// (PSO) makes that of aged expire after a second. Times count backwards, in
// 100 ns.
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

const shortLived = `dn: cn=short,cn=Password Settings Container,cn=System,` + Base + `
changetype: add
objectClass: msDS-PasswordSettings
msDS-PasswordSettingsPrecedence: 1
msDS-PasswordReversibleEncryptionEnabled: FALSE
msDS-PasswordHistoryLength: 0
msDS-PasswordComplexityEnabled: FALSE
msDS-MinimumPasswordLength: 8
msDS-MinimumPasswordAge: 0
msDS-MaximumPasswordAge: -10000000
msDS-LockoutThreshold: 0
msDS-LockoutObservationWindow: -18000000000
msDS-LockoutDuration: -18000000000
msDS-PSOAppliesTo: cn=The person aged,cn=Users,` + Base + `

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
