// Package dirsrv makes and runs 389 Directory Server inside the private root
// with the large servers (make-root.sh servers): the same base DN as the
// tests' slapd, a person for each thing that its password policy can say, and
// what an administrator has to set up for goldap, in scene.ldif and policy.ldif.
package dirsrv
