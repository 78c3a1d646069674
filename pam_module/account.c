#define _GNU_SOURCE
#include <string.h>

#include "module.h"

/* verdict asks whether the user may in, unless the authentication before on
 * this handle has looked at every access rule already. A login without a
 * password (ssh keys) had none. */
static int verdict(const struct call *call, struct answer *answer) {
  const struct login *login = goldap_login(call);

  if (login != NULL && login->authenticated && login->authorized_fully) {
    memcpy(answer->message, login->message, sizeof answer->message);
    return login->authorization;
  }
  switch (goldap_authorize(call, answer)) {
  case ASK_NOT_FOUND:
    return PAM_USER_UNKNOWN;
  case ASK_UNAVAILABLE:
    return PAM_AUTHINFO_UNAVAIL;
  case ASK_ANSWERED:
    break;
  }
  if (answer->code != PAM_SUCCESS || login == NULL || !login->authenticated)
    return answer->code;
  memcpy(answer->message, login->message, sizeof answer->message);
  return login->authorization;
}

int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc,
                     const char **argv) {
  struct call call;
  struct answer answer;
  int result = goldap_begin(&call, pamh, "account", flags, argc, argv);

  if (result == PAM_USER_UNKNOWN && call.user != NULL && goldap_is_local(&call))
    return PAM_IGNORE; /* pam_unix decides; ignoring grants nothing */
  if (result == PAM_SUCCESS) {
    result = verdict(&call, &answer);
    if (result != PAM_USER_UNKNOWN && result != PAM_AUTHINFO_UNAVAIL)
      goldap_tell(&call, result == PAM_SUCCESS ? PAM_TEXT_INFO : PAM_ERROR_MSG,
                  answer.message);
  }
  return goldap_finish(&call, result);
}
