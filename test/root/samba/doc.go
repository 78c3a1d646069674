// Package samba makes and runs an Active Directory: the domain controller of
// Samba, inside the private root with the large servers (make-root.sh servers).
// Only its LDAP server is started. There is a person for each answer that it
// has to a bind; what an administrator has to set up for goldap is in scene.go.
package samba
