// Package machine looks at a machine that logs people in by goldap: the
// configuration, the servers, the daemon, PAM, sshd, nsswitch.conf, and what
// else runs there. It changes nothing.
//
//	findings := machine.Check(ctx, machine.Options{})
//	for _, f := range findings {
//		fmt.Println(f.Severity, f.Where, f.What, f.Remedy)
//	}
//
// What can be found is the table [Kinds]; docs/setup.md says more about each.
// The parts that look are the table in check.go.
//
// # PAM
//
// Whether a stack locks somebody out cannot be seen from the order of a few
// modules. So the stacks are played, by libpam's own rules (pamplay.go), with
// people whose fate is known: a local user and one of the directory, with the
// right and with a wrong password, admitted and refused. What unknown modules
// answer is tried both ways, and something is said only if it is so either way.
package machine
