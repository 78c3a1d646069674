package nslcd

import (
	"math"
	"time"

	"github.com/goldap/goldap/pkg/secret"
)

// field is one parameter of a request: how it is read and how it is written.
type field struct {
	name   string
	decode func(*reader, *Request) error
	encode func(*writer, Request)
}

// requestFields has a row for each action: its parameters in order.
var requestFields = map[Action][]field{
	ActionConfigGet:        {optionField},
	ActionGroupByName:      {nameField},
	ActionGroupByGID:       {idField},
	ActionGroupByMember:    {nameField},
	ActionGroupAll:         {},
	ActionPasswdByName:     {nameField},
	ActionPasswdByUID:      {idField},
	ActionPasswdAll:        {},
	ActionShadowByName:     {nameField},
	ActionShadowAll:        {},
	ActionAliasByName:      {nameField},
	ActionAliasAll:         {},
	ActionEtherByName:      {nameField},
	ActionEtherByEther:     {etherField},
	ActionEtherAll:         {},
	ActionHostByName:       {nameField},
	ActionHostByAddr:       {addressField},
	ActionHostAll:          {},
	ActionNetgroupByName:   {nameField},
	ActionNetgroupAll:      {},
	ActionNetworkByName:    {nameField},
	ActionNetworkByAddr:    {addressField},
	ActionNetworkAll:       {},
	ActionProtocolByName:   {nameField},
	ActionProtocolByNumber: {numberField},
	ActionProtocolAll:      {},
	ActionRPCByName:        {nameField},
	ActionRPCByNumber:      {numberField},
	ActionRPCAll:           {},
	ActionServiceByName:    {nameField, protocolField},
	ActionServiceByNumber:  {numberField, protocolField},
	ActionServiceAll:       {},
	ActionAuthenticate:     append(pamFields(), passwordField),
	ActionAuthorize:        pamFields(),
	ActionLogin:            append(append([]field{budgetField, asRootField}, pamFields()...), passwordField),
	ActionAdmit:            append([]field{budgetField}, pamFields()...),
	ActionFlush:            {},
	ActionStatus:           {},
	ActionExplain:          explainFields(),
	ActionPaths:            {nameField},
	ActionSSHKeys:          {nameField},
	ActionSessionOpen:      pamFields(),
	ActionSessionClose:     append(pamFields(), sessionIDField),
	ActionChangePassword:   append(pamFields(), asRootField, passwordField, newPasswordField),
	ActionUserMod:          userModFields(),
}

func pamFields() []field {
	return []field{
		stringField("user", func(r *Request) *string { return &r.PAM.User }),
		stringField("service", func(r *Request) *string { return &r.PAM.Service }),
		stringField("ruser", func(r *Request) *string { return &r.PAM.RUser }),
		stringField("rhost", func(r *Request) *string { return &r.PAM.RHost }),
		stringField("tty", func(r *Request) *string { return &r.PAM.TTY }),
	}
}

var (
	nameField        = stringField("name", func(r *Request) *string { return &r.Name })
	sessionIDField   = stringField("session id", func(r *Request) *string { return &r.SessionID })
	passwordField    = secretField("password", func(r *Request) *secret.Secret { return &r.Password })
	newPasswordField = secretField("new password", func(r *Request) *secret.Secret { return &r.NewPassword })
)

var idField = field{
	name: "id",
	decode: func(in *reader, r *Request) error {
		id, err := in.int32()
		r.ID = uint32(id)
		return err
	},
	encode: func(out *writer, r Request) { out.int32(int32(r.ID)) },
}

var optionField = field{
	name: "option",
	decode: func(in *reader, r *Request) (err error) {
		r.Option, err = in.int32()
		return err
	},
	encode: func(out *writer, r Request) { out.int32(r.Option) },
}

// budgetField is in milliseconds; a negative one is none.
var budgetField = field{
	name: "budget",
	decode: func(in *reader, r *Request) error {
		milliseconds, err := in.int32()
		r.Budget = time.Duration(max(milliseconds, 0)) * time.Millisecond
		return err
	},
	encode: func(out *writer, r Request) {
		out.int32(int32(min(max(r.Budget.Milliseconds(), 0), math.MaxInt32)))
	},
}

// asRootField is a C truth value: anything but 0 is true.
var asRootField = field{
	name: "asroot",
	decode: func(in *reader, r *Request) error {
		asRoot, err := in.int32()
		r.AsRoot = asRoot != 0
		return err
	},
	encode: func(out *writer, r Request) {
		if r.AsRoot {
			out.int32(1)
			return
		}
		out.int32(0)
	},
}

func stringField(name string, at func(*Request) *string) field {
	return field{
		name: name,
		decode: func(in *reader, r *Request) (err error) {
			*at(r), err = in.string(MaxName)
			return err
		},
		encode: func(out *writer, r Request) { out.string(*at(&r), MaxName) },
	}
}

func secretField(name string, at func(*Request) *secret.Secret) field {
	return field{
		name: name,
		decode: func(in *reader, r *Request) (err error) {
			*at(r), err = in.secret(MaxPassword)
			return err
		},
		encode: func(out *writer, r Request) { out.bytes(at(&r).Bytes(), MaxPassword) },
	}
}
