package names

import "encoding/binary"

// record is one thing that the directories said, in one flat string that is
// never changed: the keys that find it, and behind them what was found, each
// text behind its length. So it has no pointers, a garbage collector does not
// look into it, and it could lie in a file that other processes map
// (docs/decisions). Text that is taken out of a record is a part of it and
// costs nothing.
type record struct {
	text string
	body int // where the keys end; 0 for a key that nothing was found for
}

// usualRecord is room for most users and small groups.
const usualRecord = 384

// newRecord packs what was found, which has these keys.
func newRecord(keys []string, write func(*packer)) record {
	p := packer{make([]byte, 0, usualRecord)}
	p.list(keys)
	body := len(p.bytes)
	write(&p)
	return record{text: string(p.bytes), body: body}
}

// noRecord says that there is nothing with this key.
func noRecord(key string) record {
	var p packer
	p.list([]string{key})
	return record{text: string(p.bytes)}
}

// found reports whether the record is about something that there is.
func (r record) found() bool { return r.body > 0 }

// keys returns what finds the record.
func (r record) keys() []string {
	u := unpacker{r.text}
	return u.list()
}

// kind is the first byte of its keys: all are of one map.
func (r record) kind() byte {
	u := unpacker{r.text}
	_, _ = u.count(), u.count() // of the keys, and of the bytes of the first
	return u.rest[0]
}

// entry is the last key, which only other records of the same entry have.
func (r record) entry() string {
	keys := r.keys()
	return keys[len(keys)-1]
}

// contents reads what was found.
func (r record) contents() unpacker { return unpacker{r.text[r.body:]} }

// packer appends to a record.
type packer struct{ bytes []byte }

func (p *packer) number(n uint32) { p.bytes = binary.BigEndian.AppendUint32(p.bytes, n) }

func (p *packer) count(n int) { p.bytes = binary.AppendUvarint(p.bytes, uint64(n)) }

func (p *packer) string(s string) {
	p.count(len(s))
	p.bytes = append(p.bytes, s...)
}

func (p *packer) list(all []string) {
	p.count(len(all))
	for _, s := range all {
		p.string(s)
	}
}

// unpacker reads what a packer wrote, in the same order. It is only given what
// this process packed: it checks nothing.
type unpacker struct{ rest string }

func (u *unpacker) number() uint32 {
	s := u.take(4)
	return uint32(s[0])<<24 | uint32(s[1])<<16 | uint32(s[2])<<8 | uint32(s[3])
}

func (u *unpacker) count() int {
	n, shift := 0, 0
	for i := range len(u.rest) {
		c := u.rest[i]
		n |= int(c&0x7f) << shift
		if c < 0x80 {
			u.rest = u.rest[i+1:]
			break
		}
		shift += 7
	}
	return n
}

func (u *unpacker) string() string { return u.take(u.count()) }

func (u *unpacker) take(n int) string {
	s := u.rest[:n]
	u.rest = u.rest[n:]
	return s
}

// list returns nil for an empty list.
func (u *unpacker) list() []string {
	n := u.count()
	if n == 0 {
		return nil
	}
	all, rest := make([]string, n), u.rest
	for i := range all {
		size := int(rest[0])
		if size > 0x7f { // more than one byte of it
			u.rest = rest
			all[i], rest = u.string(), u.rest
			continue
		}
		all[i], rest = rest[1:1+size], rest[1+size:]
	}
	u.rest = rest
	return all
}

func (p *packer) flag(on bool) {
	var n byte
	if on {
		n = 1
	}
	p.bytes = append(p.bytes, n)
}

func (u *unpacker) flag() bool { return u.take(1) == "\x01" }
