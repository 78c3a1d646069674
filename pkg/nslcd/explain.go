package nslcd

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Step is one thing that was done or decided on the way to a decision: an entry
// of the answer to ActionExplain. The last one is the verdict; it has the Text
// VerdictStep.
type Step struct {
	// At is the time since the beginning, to the microsecond.
	At   time.Duration
	Text string
	// Facts are what it was done with and what came of it. A name has no '='.
	Facts []Fact
}

// VerdictStep is the text of the last step.
const VerdictStep = "verdict"

// maxFact bounds a text in the answer to ActionExplain, in bytes.
const maxFact = 8 << 10

// flagProve in the flags of ActionExplain: the password is to be proven.
const flagProve = 1

var flagsField = field{
	name: "flags",
	decode: func(in *reader, r *Request) error {
		flags, err := in.int32()
		r.Prove = flags&flagProve != 0
		return err
	},
	encode: func(out *writer, r Request) {
		if r.Prove {
			out.int32(flagProve)
			return
		}
		out.int32(0)
	},
}

func explainFields() []field {
	return append(append([]field{flagsField}, pamFields()...), passwordField)
}

// Step appends one step. Texts are cut where they are too long or have a NUL.
func (r *Response) Step(s Step) error {
	return r.entry(func(out *writer) {
		out.int32(int32(min(s.At.Microseconds(), math.MaxInt32)))
		out.string(fitting(s.Text), maxFact)
		facts := make([]string, 0, len(s.Facts))
		for _, f := range s.Facts {
			facts = append(facts, fitting(f.Name+"="+f.Value))
		}
		out.list(facts)
	})
}

func fitting(text string) string {
	text, _, _ = strings.Cut(text, "\x00")
	return cut(text, maxFact)
}

// Step reads one step.
func (r *AnswerReader) Step() (Step, error) {
	var microseconds int32
	var s Step
	var facts []string
	if err := r.entry(&microseconds, &s.Text, &facts); err != nil {
		return Step{}, fmt.Errorf("step: %w", err)
	}
	s.At = time.Duration(microseconds) * time.Microsecond
	for _, fact := range facts {
		name, value, _ := strings.Cut(fact, "=")
		s.Facts = append(s.Facts, Fact{name, value})
	}
	return s, nil
}
