package server

import (
	"context"
	"iter"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/nslcd"
)

// question returns the key of a lookup in a map.
func question(by account.By, request nslcd.Request) account.Key {
	return account.Key{
		By: by, Name: request.Name, Protocol: request.Protocol,
		Number: request.Number, Address: request.Address, Ether: request.Ether,
	}
}

// mapRoute is the row of an action on a map that has nothing to do with logins.
// All of them are open to everybody.
func mapRoute[T any](
	by account.By, ask func(Names, context.Context, account.Key) iter.Seq2[T, error], write func(*nslcd.Response, T) error,
) route {
	all := func(ctx context.Context, x *exchange) iter.Seq2[T, error] {
		return ask(x.backend.Names, ctx, question(by, x.request))
	}
	return route{allowed: everyone, serve: enumerate(all, writeEntry(write)), unbounded: by == account.All}
}
