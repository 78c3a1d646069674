package module

import (
	"os"
	"testing"
)

// TestAsRoot has what takes other users, and so root. An ordinary user has
// nothing to test here.
func TestAsRoot(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Log("not root: planted sockets, setuid programs and counted processes are left to a run as root")
		return
	}
	t.Run("few processes", testFewProcesses)
	t.Run("planted socket", testPlantedSocket)
	t.Run("socket of the daemon's user", testDaemonUser)
	t.Run("setuid program", testSetuid)
	t.Run("environment of the program", testEnvironment)
	t.Run("daemon of another user", testOrdinaryUser)
}
