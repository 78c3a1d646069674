package scripted

// Page returns where the page begins that a search asks for (RFC 2696), by the
// cookie that PagingControl gave it, and how many entries it may have.
func (r *Request) Page() (offset, size int, paged bool) { return r.page() }
