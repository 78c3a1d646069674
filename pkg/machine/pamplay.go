package machine

// Answers of modules (and of stacks), as the controls in brackets call them.
const (
	success    = "success"
	authErr    = "auth_err"
	permDenied = "perm_denied"
	unknown    = "user_unknown"
	ignored    = "ignore"
)

// impression is what a stack thinks so far (libpam's pam_dispatch.c).
type impression int

const (
	undecided impression = iota
	positive
	negative
)

// state is a stack while it is gone through.
type state struct {
	impression impression
	status     string
}

// play goes through a stack as libpam's pam_dispatch.c does, with what answer
// says that each module answers, and returns the answer of the stack.
func play(stack []pamLine, answer func(pamLine) string) string {
	now := state{undecided, permDenied}
	outer := map[int]state{0: now} // what each level began with
	for i := 0; i < len(stack); i++ {
		line := stack[i]
		if line.begins {
			outer[line.level+1] = now
			continue
		}
		said := answer(line)
		what, named := line.control[said]
		if !named {
			what, named = line.control["default"]
		}
		if !named {
			what = action{name: "bad"}
		}
		decided := false
		switch what.name {
		case "jump":
			var ok bool
			if i, ok = jump(stack, i, what.jump); !ok {
				now = state{negative, permDenied}
			}
		case "reset":
			now = outer[line.level]
		default:
			decided = now.take(what.name, said)
		}
		if decided {
			i = lastOf(stack, i)
		}
	}
	if now.status == success && now.impression != positive {
		return permDenied
	}
	return now.status
}

// take puts one answer into the state, and reports whether that ends the
// level.
func (s *state) take(action, said string) (decided bool) {
	switch action {
	case "ok", "done":
		if s.impression == undecided || s.impression == positive && s.status == success {
			*s = state{positive, said}
		}
		return action == "done" && s.impression == positive
	case "bad", "die":
		if s.impression != negative {
			s.impression, s.status = negative, said
			if said == ignored || said == success {
				s.status = permDenied
			}
		}
		return action == "die"
	}
	return false
}

// jump returns the last line that is jumped over; what is deeper counts with
// the line it belongs to. ok is false if there are not enough.
func jump(stack []pamLine, from, count int) (last int, ok bool) {
	level, last := stack[from].level, from
	for count > 0 && last+1 < len(stack) && stack[last+1].level >= level {
		last++
		for last+1 < len(stack) && stack[last+1].level > level {
			last++
		}
		count--
	}
	return last, count == 0
}

// lastOf returns the last line of the level that line i is in.
func lastOf(stack []pamLine, i int) int {
	level := stack[i].level
	for i+1 < len(stack) && stack[i+1].level >= level {
		i++
	}
	return i
}
