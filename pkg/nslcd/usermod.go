package nslcd

import (
	"fmt"

	"github.com/goldap/goldap/pkg/secret"
)

// UserField is what ActionUserMod changes of a user.
type UserField int32

// The fields. Those from FieldFullName to FieldOther are parts of the gecos
// field (chfn(1)); FieldResult stands in answers only and is about the request
// as a whole.
const (
	fieldEnd       UserField = 0
	FieldResult    UserField = 1
	FieldFullName  UserField = 2
	FieldRoom      UserField = 3
	FieldWorkPhone UserField = 4
	FieldHomePhone UserField = 5
	FieldOther     UserField = 6
	FieldHome      UserField = 7
	FieldShell     UserField = 8
)

// FieldValue is a field with its new value in a request, or with the reason
// why it was not changed in an answer.
type FieldValue struct {
	Field UserField
	Text  string
}

// fieldsField is pairs of a field and its value up to an end marker. That
// fields are known is not asked here.
var fieldsField = field{
	name: "fields",
	decode: func(in *reader, r *Request) (err error) {
		r.Fields, err = in.fieldValues(MaxValue)
		return err
	},
	encode: func(out *writer, r Request) { out.fieldValues(r.Fields, MaxValue) },
}

// fieldValues reads pairs up to the end marker. Their number is bounded by the
// bytes that a request or entry may have.
func (r *reader) fieldValues(limit int) ([]FieldValue, error) {
	var pairs []FieldValue
	for {
		number, err := r.int32()
		if err != nil || UserField(number) == fieldEnd {
			return pairs, err
		}
		text, err := r.string(limit)
		if err != nil {
			return nil, fmt.Errorf("field %d: %w", number, noEnd(err))
		}
		pairs = append(pairs, FieldValue{UserField(number), text})
	}
}

func (w *writer) fieldValues(pairs []FieldValue, limit int) {
	for _, pair := range pairs {
		w.int32(int32(pair.Field))
		w.string(pair.Text, limit)
	}
	w.int32(int32(fieldEnd))
}

// Modified appends the answer to ActionUserMod: a reason for each field that
// was not changed. FieldResult means that none was.
func (r *Response) Modified(refused []FieldValue) error {
	short := make([]FieldValue, 0, len(refused))
	for _, one := range refused {
		short = append(short, FieldValue{one.Field, cut(one.Text, MaxMessage)})
	}
	return r.entry(func(out *writer) { out.fieldValues(short, MaxMessage) })
}

// Modified reads the answer to ActionUserMod.
func (r *AnswerReader) Modified() (refused []FieldValue, err error) {
	if refused, err = r.in.fieldValues(MaxMessage); err != nil {
		return nil, fmt.Errorf("answer to a modification: %w", noEnd(err))
	}
	return refused, nil
}

// userModFields are the parameters of ActionUserMod.
func userModFields() []field {
	return []field{
		stringField("user", func(r *Request) *string { return &r.PAM.User }),
		asRootField,
		secretField("password", func(r *Request) *secret.Secret { return &r.Password }),
		fieldsField,
	}
}
