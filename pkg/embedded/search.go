package embedded

import (
	"slices"
	"strconv"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
)

// searchRequest is a SearchRequest (RFC 4511, section 4.5.1). The time limit
// is not looked at: nothing here takes long.
type searchRequest struct {
	base       string
	scope      int64
	sizeLimit  int64
	typesOnly  bool
	filter     filter
	attributes []string
}

func parseSearch(op *ber.Packet) (searchRequest, error) {
	var s searchRequest
	if len(op.Children) != 8 {
		return s, errMalformed
	}
	var okScope, okSize, okTypes bool
	s.base = text(op.Children[0])
	s.scope, okScope = op.Children[1].Value.(int64)
	s.sizeLimit, okSize = op.Children[3].Value.(int64)
	s.typesOnly, okTypes = op.Children[5].Value.(bool)
	if !okScope || !okSize || !okTypes || s.scope < scopeBase || s.scope > scopeChildren {
		return s, errMalformed
	}
	var err error
	if s.filter, err = compileFilter(op.Children[6], 0); err != nil {
		return s, err
	}
	for _, a := range op.Children[7].Children {
		s.attributes = append(s.attributes, strings.ToLower(text(a)))
	}
	return s, nil
}

// search answers a search request: the entries, then the result.
func (c *conn) search(m *message) error {
	c.dir.searches.Add(1)
	request, err := parseSearch(m.op)
	if err != nil {
		return c.refuse(m, result{codeProtocolError, err.Error()})
	}
	if request.base == "" && request.scope == scopeBase {
		return c.searchRoot(m, request)
	}
	found, r := c.find(request)
	page, pageControl, r := paged(m, found, r)
	if r.code == codeSuccess {
		page, r = c.limit(page, request.sizeLimit)
	}
	for _, e := range page {
		if err := c.send(request.entry(m.id, e)); err != nil {
			return err
		}
	}
	return c.send(r.response(m.id, opSearchDone, nil, pageControl))
}

// find checks the rights of the bound identity and searches.
func (c *conn) find(request searchRequest) ([]*entry, result) {
	if !c.private() {
		return nil, errNotPrivate
	}
	if c.restricted() {
		return nil, result{codeInsufficientAccessRights, "Operations are restricted to bind/unbind/abandon/StartTLS/modify password"}
	}
	base, err := normalizeDN(request.base)
	if err != nil {
		return nil, result{codeInvalidDNSyntax, "invalid DN"}
	}
	if c.role == roleAnonymous || base != "" && c.dir.store.byDN[base] == nil {
		return nil, result{code: codeNoSuchObject}
	}
	found := c.dir.store.search(base, request.scope, request.filter)
	return slices.DeleteFunc(slices.Clone(found), func(e *entry) bool { return !c.mayRead(e) }), result{}
}

func (c *conn) mayRead(e *entry) bool {
	return c.role == roleReader || c.role == roleAdmin || e == c.bound
}

// limit cuts the entries to the client's and the directory's size limit.
func (c *conn) limit(entries []*entry, asked int64) ([]*entry, result) {
	limit := c.dir.options.SizeLimit
	if asked > 0 && (limit == 0 || asked < int64(limit)) {
		limit = int(asked)
	}
	if limit == 0 || len(entries) <= limit {
		return entries, result{}
	}
	return entries[:limit], result{codeSizeLimitExceeded, ""}
}

// paged cuts out the page that a paging control asks for (RFC 2696). The
// cookie is the number of entries already sent: entries do not change here.
func paged(m *message, found []*entry, r result) ([]*entry, []*ber.Packet, result) {
	asked := m.find(oidPaging)
	if asked == nil || r.code != codeSuccess {
		return found, nil, r
	}
	size, start, ok := parsePaging(asked.value)
	if !ok || start > len(found) {
		return nil, nil, result{codeProtocolError, "malformed paging control"}
	}
	end, cookie := len(found), ""
	if size > 0 && start+size < end {
		end = start + size
		cookie = strconv.Itoa(end)
	}
	value := ber.NewSequence("")
	value.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, len(found), ""))
	value.AppendChild(octets(cookie))
	return found[start:end], []*ber.Packet{responseControl(oidPaging, string(value.Bytes()))}, r
}

func parsePaging(value []byte) (size, start int, ok bool) {
	p, err := ber.DecodePacketErr(value)
	if err != nil || len(p.Children) != 2 {
		return 0, 0, false
	}
	n, ok := p.Children[0].Value.(int64)
	if !ok || n < 0 || n > 1<<31 {
		return 0, 0, false
	}
	cookie := text(p.Children[1])
	if cookie == "" {
		return int(n), 0, true
	}
	start, err = strconv.Atoi(cookie)
	return int(n), start, err == nil && start >= 0
}

// entry encodes a SearchResultEntry with the attributes asked for.
func (s searchRequest) entry(id int64, e *entry) *ber.Packet {
	list := ber.NewSequence("")
	for _, a := range e.attributes {
		if s.wants(a.lower) {
			list.AppendChild(s.attribute(a))
		}
	}
	body := ber.Encode(ber.ClassApplication, ber.TypeConstructed, opSearchEntry, nil, "")
	body.AppendChild(octets(e.dn))
	body.AppendChild(list)
	return envelope(id, body, nil)
}

// wants: no list and "*" mean all, "1.1" alone means none (RFC 4511, section
// 4.5.1.8).
func (s searchRequest) wants(lower string) bool {
	return len(s.attributes) == 0 || slices.Contains(s.attributes, "*") || slices.Contains(s.attributes, lower)
}

func (s searchRequest) attribute(a attribute) *ber.Packet {
	values := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
	if !s.typesOnly {
		for _, v := range a.values {
			values.AppendChild(octets(v))
		}
	}
	p := ber.NewSequence("")
	p.AppendChild(octets(a.name))
	p.AppendChild(values)
	return p
}

// searchRoot answers for the root DSE (RFC 4512, section 5.1), which everybody
// may read, before StartTLS as well.
func (c *conn) searchRoot(m *message, request searchRequest) error {
	root, err := newEntry("", map[string][]string{
		"objectClass":          {"top"},
		"namingContexts":       {c.dir.options.Base},
		"supportedLDAPVersion": {"3"},
		"supportedExtension":   {oidStartTLS, oidPasswordModify, oidWhoAmI},
		"supportedControl":     {oidBehera, oidPaging, oidManageDsaIT},
	})
	if err != nil {
		return err
	}
	if request.filter.match(root) == yes {
		if err := c.send(request.entry(m.id, root)); err != nil {
			return err
		}
	}
	return c.send(result{}.response(m.id, opSearchDone, nil, nil))
}
