package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"reflect"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal returns both ends of a pseudoterminal (pts(4)): what people type
// into, and what the program has.
func terminal(t *testing.T) (keyboard, program *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { keyboard.Close() })
	if err := unix.IoctlSetPointerInt(int(keyboard.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(keyboard.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	return keyboard, program
}

func settings(t *testing.T, f *os.File) *unix.Termios {
	t.Helper()
	got, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// What is typed at the prompt does not appear, and the terminal is as before.
func TestPasswordIsNotShown(t *testing.T) {
	keyboard, program := terminal(t)
	before := settings(t, program)
	if before.Lflag&unix.ECHO == 0 {
		t.Fatal("this terminal never shows what is typed")
	}
	read, prompt := io.Pipe()
	typed := make(chan error, 1)
	go func() {
		text := make([]byte, len("Password: "))
		_, err := io.ReadFull(read, text)
		if err == nil {
			_, err = keyboard.Write([]byte("hush\n"))
		}
		typed <- err
		_, _ = io.Copy(io.Discard, read)
	}()
	password, err := readPassword(t.Context(), program, prompt)
	if err != nil || string(password.Bytes()) != "hush" {
		t.Errorf("%q, %v", password.Bytes(), err)
	}
	if err := <-typed; err != nil {
		t.Error(err)
	}
	if after := settings(t, program); !reflect.DeepEqual(after, before) {
		t.Errorf("the terminal is left as %+v, was %+v", after, before)
	}
	if _, err := program.Write([]byte("end")); err != nil {
		t.Fatal(err)
	}
	shown := make([]byte, 100)
	n, err := keyboard.Read(shown)
	if err != nil || bytes.Contains(shown[:n], []byte("hush")) {
		t.Errorf("the terminal shows %q, %v", shown[:n], err)
	}
}
