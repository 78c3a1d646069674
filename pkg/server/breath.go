package server

import (
	"os"
	"runtime"
)

// breath lets others run, and network events be seen, while one connection
// after the other comes in and is answered at once. Go's scheduler looks for
// events when nothing is left to run, or after 10 ms, which is long for a login
// that waits for a directory. So there is a goroutine that waits for an event,
// like everybody else; the one that answers makes that event now and then, and
// waits for the goroutine. (time.Sleep would be shorter, and sleeps for 1 ms at
// the least when there is nothing else to do.)
type breath struct {
	answers          int // since the last breath
	events, makes    *os.File
	noticed          chan struct{}
	exhaled, inhaled [1]byte
}

// answersInABreath may follow each other.
const answersInABreath = 64

func newBreath() *breath {
	b := &breath{noticed: make(chan struct{})}
	var err error
	if b.events, b.makes, err = os.Pipe(); err != nil {
		return b // without descriptors, with less to wait for
	}
	go func() {
		defer close(b.noticed)
		for {
			if _, err := b.events.Read(b.inhaled[:]); err != nil {
				return
			}
			b.noticed <- struct{}{}
		}
	}()
	return b
}

// answered is called after each answer.
func (b *breath) answered() {
	if b.answers++; b.answers < answersInABreath {
		return
	}
	b.answers = 0
	if b.makes == nil {
		runtime.Gosched()
		return
	}
	if _, err := b.makes.Write(b.exhaled[:]); err == nil {
		<-b.noticed
	}
}

func (b *breath) close() {
	if b.makes == nil {
		return
	}
	_ = b.makes.Close()
	<-b.noticed // its end
	_ = b.events.Close()
}
