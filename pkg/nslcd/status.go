package nslcd

import "fmt"

// Fact is one thing that the answer to ActionStatus says about the daemon. Names
// and their order may change from one version to the next.
type Fact struct{ Name, Value string }

// Status appends one fact.
func (r *Response) Status(f Fact) error {
	return r.entry(func(out *writer) {
		out.message(f.Name)
		out.message(f.Value)
	})
}

// Status reads one fact.
func (r *AnswerReader) Status() (f Fact, err error) {
	if err := r.entry(&f.Name, &f.Value); err != nil {
		return Fact{}, fmt.Errorf("fact: %w", err)
	}
	return f, nil
}

// Flushed appends the empty entry that says that everything was forgotten.
func (r *Response) Flushed() error {
	return r.entry(func(*writer) {})
}
