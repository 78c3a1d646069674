package directory

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/goldap/goldap/pkg/trace"
)

// This file is what a trace hears of a directory. It never hears values of
// attributes, and no password.

// noteAttempt is about one server that was asked.
func (r *request) noteAttempt(ctx context.Context, s *server, took time.Duration, err error) {
	t := trace.From(ctx)
	if t == nil {
		return
	}
	answer := "answered"
	switch {
	case err == nil:
	case noAnswer(err):
		answer = err.Error()
	default:
		answer = "answered: " + err.Error()
	}
	t.Note("server asked", "server", s.at.uri, "for", r.doing, "took", took.Round(time.Microsecond), "result", answer)
}

// notePassedOver is about a server that is not asked, as long as another is
// there.
func notePassedOver(ctx context.Context, s *server) {
	if t := trace.From(ctx); t != nil {
		status := s.status()
		t.Note("server passed over", "server", s.at.uri, "because", "it is down", "last error", status.LastError)
	}
}

var scopeNames = map[int]string{
	ldap.ScopeBaseObject: "base", ldap.ScopeSingleLevel: "one", ldap.ScopeWholeSubtree: "sub",
}

// noteSearch is about one search, as it was sent.
func (c *conn) noteSearch(ctx context.Context, q *search, found []entry, err error) {
	t := trace.From(ctx)
	if t == nil {
		return
	}
	match, invalid := c.server.base.filter(q.filter.text)
	if invalid != nil {
		match = q.filter.text
	}
	facts := []any{"base", c.server.base.there(q.place.dn), "scope", scopeNames[q.place.scope], "filter", match, "entries", len(found)}
	if len(found) > 0 {
		facts = append(facts, "dn", found[0].DN)
	}
	if err != nil && !errors.Is(err, errNoBase) {
		facts = append(facts, "error", err)
	}
	if errors.Is(err, errNoBase) {
		facts = append(facts, "error", "the base does not exist or may not be read")
	}
	t.Note("search", facts...)
}

// noteBind is about the answer to a bind with somebody's password.
func noteBind(ctx context.Context, dn string, reply Reply) {
	t := trace.From(ctx)
	if t == nil {
		return
	}
	facts := []any{"dn", dn}
	for _, detail := range replyDetails(reply) {
		facts = append(facts, detail.Name, detail.Value)
	}
	t.Note("bind with the password", facts...)
}

// replyDetails are what a server said to a bind with a password.
func replyDetails(reply Reply) []Detail {
	details := []Detail{{"code", strconv.Itoa(reply.Code)}}
	add := func(name string, value any, there bool) {
		if there {
			details = append(details, Detail{name, fmt.Sprint(value)})
		}
	}
	p := reply.Policy
	add("diagnostic", reply.Diagnostic, reply.Diagnostic != "")
	add("referral", reply.Referral, reply.Referral != "")
	add("policy", "the server sent no password policy response", !p.Present)
	add("policy", "the server sent a policy that cannot be understood", p.Undecodable)
	add("policy error", p.Error, p.Error != NoPolicyError)
	add("grace logins left", p.GraceLogins, p.GraceLogins >= 0)
	add("expires in seconds", p.ExpiresIn, p.ExpiresIn >= 0)
	add("password expired (2.16.840.1.113730.3.4.4)", true, p.NetscapeExpired)
	add("expires in seconds (2.16.840.1.113730.3.4.5)", p.NetscapeExpiresIn, p.NetscapeExpiresIn >= 0)
	return details
}
