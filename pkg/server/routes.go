package server

import (
	"context"
	"errors"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/names"
	"github.com/goldap/goldap/pkg/nslcd"
)

// route says how an action is served, and to whom.
type route struct {
	allowed access
	serve   func(context.Context, *exchange) error
	// login: the request has the time of a login, not of a lookup.
	login bool
	// quick: the answer may be in memory, and is sent without a goroutine then.
	quick bool
	// unbounded: the answer may take any time, as long as it goes on.
	unbounded bool
}

// access decides whether caller may make request.
type access func(caller Credential, request nslcd.Request) bool

func everyone(Credential, nslcd.Request) bool { return true }

// rootIfAsRoot lets everybody change what is theirs with their password, and
// only root as the directory's administrator.
func rootIfAsRoot(caller Credential, request nslcd.Request) bool {
	return caller.IsRoot() || !request.AsRoot
}

// onlyRoot is for what concerns the daemon as a whole.
func onlyRoot(caller Credential, _ nslcd.Request) bool { return caller.IsRoot() }

// routes is the permission table. An action that is not here is refused.
//
// The shadow map is open because only root sees the passwords in it: everybody
// may see when passwords expire, as with nslcd.
var routes = map[nslcd.Action]route{
	nslcd.ActionConfigGet:        {allowed: everyone, serve: serveConfig},
	nslcd.ActionGroupByName:      {allowed: everyone, serve: lookup(groupByName, writeGroup), quick: true},
	nslcd.ActionGroupByGID:       {allowed: everyone, serve: lookup(groupByGID, writeGroup), quick: true},
	nslcd.ActionGroupByMember:    {allowed: everyone, serve: lookup(groupsOfMember, writeMemberships), quick: true},
	nslcd.ActionGroupAll:         {allowed: everyone, serve: ifEnumerated(enumerate(groupAll, writeGroup)), unbounded: true},
	nslcd.ActionPasswdByName:     {allowed: everyone, serve: lookup(passwdByName, writePasswd), quick: true},
	nslcd.ActionPasswdByUID:      {allowed: everyone, serve: lookup(passwdByUID, writePasswd), quick: true},
	nslcd.ActionPasswdAll:        {allowed: everyone, serve: ifEnumerated(enumerate(passwdAll, writePasswd)), unbounded: true},
	nslcd.ActionShadowByName:     {allowed: everyone, serve: lookup(shadowByName, writeShadow), quick: true},
	nslcd.ActionShadowAll:        {allowed: everyone, serve: ifEnumerated(enumerate(shadowAll, writeShadow)), unbounded: true},
	nslcd.ActionAliasByName:      mapRoute(account.ByName, Names.Aliases, (*nslcd.Response).Alias),
	nslcd.ActionAliasAll:         mapRoute(account.All, Names.Aliases, (*nslcd.Response).Alias),
	nslcd.ActionEtherByName:      mapRoute(account.ByName, Names.Ethers, (*nslcd.Response).Ether),
	nslcd.ActionEtherByEther:     mapRoute(account.ByEther, Names.Ethers, (*nslcd.Response).Ether),
	nslcd.ActionEtherAll:         mapRoute(account.All, Names.Ethers, (*nslcd.Response).Ether),
	nslcd.ActionHostByName:       mapRoute(account.ByName, Names.Hosts, (*nslcd.Response).Host),
	nslcd.ActionHostByAddr:       mapRoute(account.ByAddress, Names.Hosts, (*nslcd.Response).Host),
	nslcd.ActionHostAll:          mapRoute(account.All, Names.Hosts, (*nslcd.Response).Host),
	nslcd.ActionNetgroupByName:   mapRoute(account.ByName, Names.Netgroups, (*nslcd.Response).Netgroup),
	nslcd.ActionNetgroupAll:      mapRoute(account.All, Names.Netgroups, (*nslcd.Response).Netgroup),
	nslcd.ActionNetworkByName:    mapRoute(account.ByName, Names.Networks, (*nslcd.Response).Network),
	nslcd.ActionNetworkByAddr:    mapRoute(account.ByAddress, Names.Networks, (*nslcd.Response).Network),
	nslcd.ActionNetworkAll:       mapRoute(account.All, Names.Networks, (*nslcd.Response).Network),
	nslcd.ActionProtocolByName:   mapRoute(account.ByName, Names.Protocols, (*nslcd.Response).Protocol),
	nslcd.ActionProtocolByNumber: mapRoute(account.ByNumber, Names.Protocols, (*nslcd.Response).Protocol),
	nslcd.ActionProtocolAll:      mapRoute(account.All, Names.Protocols, (*nslcd.Response).Protocol),
	nslcd.ActionRPCByName:        mapRoute(account.ByName, Names.RPCs, (*nslcd.Response).RPC),
	nslcd.ActionRPCByNumber:      mapRoute(account.ByNumber, Names.RPCs, (*nslcd.Response).RPC),
	nslcd.ActionRPCAll:           mapRoute(account.All, Names.RPCs, (*nslcd.Response).RPC),
	nslcd.ActionServiceByName:    mapRoute(account.ByName, Names.Services, (*nslcd.Response).Service),
	nslcd.ActionServiceByNumber:  mapRoute(account.ByNumber, Names.Services, (*nslcd.Response).Service),
	nslcd.ActionServiceAll:       mapRoute(account.All, Names.Services, (*nslcd.Response).Service),
	nslcd.ActionAuthenticate:     {allowed: everyone, serve: serveAuthenticate, login: true},
	nslcd.ActionAuthorize:        {allowed: everyone, serve: serveAuthorize, login: true},
	nslcd.ActionSessionOpen:      {allowed: everyone, serve: serveSessionOpen},
	nslcd.ActionSessionClose:     {allowed: everyone, serve: serveSessionClose},
	nslcd.ActionFlush:            {allowed: onlyRoot, serve: serveFlush},
	nslcd.ActionStatus:           {allowed: onlyRoot, serve: serveStatus},
	nslcd.ActionExplain:          {allowed: onlyRoot, serve: serveExplain, login: true},
	nslcd.ActionPaths:            {allowed: everyone, serve: lookup(groupPaths, writeAll((*nslcd.Response).Membership))},
	nslcd.ActionSSHKeys:          {allowed: everyone, serve: lookup(sshKeys, writeEntry((*nslcd.Response).SSHKeys))},
	nslcd.ActionLogin:            {allowed: everyone, serve: serveLogin, login: true},
	nslcd.ActionAdmit:            {allowed: everyone, serve: serveAdmit, login: true},
	nslcd.ActionChangePassword:   {allowed: rootIfAsRoot, serve: serveChangePassword, login: true},
	nslcd.ActionUserMod:          {allowed: rootIfAsRoot, serve: serveUserMod, login: true},
}

// lookup returns the serve function of a lookup: find asks the backend, write
// puts what was found into the response. The end marker is sent only if there
// is an answer: callers remember "not there".
func lookup[T any](
	find func(context.Context, *exchange) (T, error), write func(*exchange, T) error,
) func(context.Context, *exchange) error {
	return func(ctx context.Context, x *exchange) error {
		found, err := find(ctx, x)
		if errors.Is(err, names.ErrNotInMemory) {
			return err
		}
		if err == nil {
			err = write(x, found)
		}
		x.logLookup(err)
		if err == nil || isAbsent(err) {
			x.response.End()
		}
		return x.flush()
	}
}

// isAbsent reports whether err says that there is no such entry that this
// machine could use.
func isAbsent(err error) bool {
	return errors.Is(err, directory.ErrNotFound) || errors.Is(err, directory.ErrBadEntry) ||
		errors.Is(err, directory.ErrNotUnique)
}

func passwdByName(ctx context.Context, x *exchange) (account.Account, error) {
	return x.backend.Names.PasswdByName(ctx, x.request.Name)
}

func passwdByUID(ctx context.Context, x *exchange) (account.Account, error) {
	return x.backend.Names.PasswdByUID(ctx, x.request.ID)
}

func groupByName(ctx context.Context, x *exchange) (account.Group, error) {
	return x.backend.Names.GroupByName(ctx, x.request.Name)
}

func groupByGID(ctx context.Context, x *exchange) (account.Group, error) {
	return x.backend.Names.GroupByGID(ctx, x.request.ID)
}

func groupsOfMember(ctx context.Context, x *exchange) ([]account.Group, error) {
	return x.backend.Names.GroupsOfMember(ctx, x.request.Name)
}

func groupPaths(ctx context.Context, x *exchange) ([]account.Membership, error) {
	return x.backend.Names.GroupPaths(ctx, x.request.Name)
}

func sshKeys(ctx context.Context, x *exchange) ([]string, error) {
	return x.backend.Names.SSHKeys(ctx, x.request.Name)
}

func shadowByName(ctx context.Context, x *exchange) (account.Shadow, error) {
	return x.backend.Names.ShadowByName(ctx, x.request.Name)
}

// serveConfig answers the one option there is; all others are empty.
func serveConfig(_ context.Context, x *exchange) error {
	value := ""
	if x.request.Option == nslcd.OptionProhibitMessage {
		value = x.backend.ProhibitMessage
	}
	if err := x.response.Config(value); err != nil {
		return err
	}
	return x.end()
}
