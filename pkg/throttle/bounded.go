package throttle

import "container/list"

// bounded is a map that forgets what was not used for longest once it is full.
type bounded[K comparable, V any] struct {
	limit int
	items map[K]*list.Element
	order list.List // of pair[K, V], the last used one in front
}

type pair[K comparable, V any] struct {
	key   K
	value V
}

func newBounded[K comparable, V any](limit int) *bounded[K, V] {
	return &bounded[K, V]{limit: limit, items: make(map[K]*list.Element)}
}

// get returns the value of key, or nil.
func (b *bounded[K, V]) get(key K) *V {
	e, ok := b.items[key]
	if !ok {
		return nil
	}
	b.order.MoveToFront(e)
	return &e.Value.(*pair[K, V]).value
}

// put returns the value of key, which may be new.
func (b *bounded[K, V]) put(key K) *V {
	if v := b.get(key); v != nil {
		return v
	}
	if len(b.items) >= b.limit {
		b.remove(b.order.Back().Value.(*pair[K, V]).key)
	}
	p := &pair[K, V]{key: key}
	b.items[key] = b.order.PushFront(p)
	return &p.value
}

func (b *bounded[K, V]) remove(key K) {
	if e, ok := b.items[key]; ok {
		b.order.Remove(e)
		delete(b.items, key)
	}
}
