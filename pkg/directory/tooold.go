package directory

import (
	"context"
	"slices"
	"strings"
)

// tooOldToBind reports whether Active Directory refused a bind only because the
// password has expired or was set by an administrator: 532 and 773 in its
// diagnostic message, which it says of the right password alone.
func tooOldToBind(reply Reply) bool {
	_, data, found := strings.Cut(reply.Diagnostic, "AcceptSecurityContext error, data ")
	number, _, _ := strings.Cut(data, ",")
	return reply.Code == ResultInvalidCredentials && found && slices.Contains([]string{"532", "773"}, number)
}

// changeTooOld makes a change at Active Directory that the user cannot be bound
// for: as the pseudouser, whom everybody's right to change a password with the
// old one (User-Change-Password) holds for, too. The old password is in the
// request, and the server compares it. The Reply is that of the pseudouser's
// bind.
func (d *Directory) changeTooOld(ctx context.Context, s *server, change PasswordChange) (bound, changed Reply, err error) {
	c, err := s.services.openAlone(ctx)
	if err != nil {
		return noReply, noReply, err
	}
	defer c.close()
	changed, err = d.changeOn(ctx, c, change)
	return Reply{Code: ResultSuccess, Policy: NoPolicy}, changed, err
}

// mayChangeTooOld reports whether changeTooOld is the way on after a bind.
func (d *Directory) mayChangeTooOld(s *server, change PasswordChange, bound Reply) bool {
	return d.way.attribute == adPasswordAttribute && !change.AsRoot && !s.identity.anonymous() && tooOldToBind(bound)
}
