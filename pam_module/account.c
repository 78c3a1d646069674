#define _GNU_SOURCE
#include <string.h>

#include "module.h"

static int repeat(const struct verdict *verdict, struct answer *answer) {
  memcpy(answer->message, verdict->message, sizeof answer->message);
  return verdict->authorization;
}

/* judge asks whether the user may in, unless the authentication before on this
 * handle has looked at every access rule already. A login without a password
 * (ssh keys) had none. */
static int judge(struct call *call, struct answer *answer) {
  const struct verdict *verdict = goldap_verdict(call);
  int result;

  if (verdict != NULL && verdict->complete)
    return repeat(verdict, answer);
  switch (goldap_authorize(call, answer)) {
  case ASK_NOT_FOUND:
    return PAM_USER_UNKNOWN;
  case ASK_UNAVAILABLE:
    return PAM_AUTHINFO_UNAVAIL;
  case ASK_ANSWERED:
    break;
  }
  if (verdict != NULL && answer->code == PAM_SUCCESS)
    return repeat(verdict, answer);
  result = goldap_admit(call, answer, answer->code);
  if ((result == PAM_SUCCESS || result == PAM_NEW_AUTHTOK_REQD) &&
      goldap_hand_over(call, answer) != PAM_SUCCESS)
    return PAM_SYSTEM_ERR;
  return result;
}

int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc,
                     const char **argv) {
  struct call call;
  struct answer answer;
  int result = goldap_begin(&call, pamh, "account", flags, argc, argv);
  const bool asked = result == PAM_SUCCESS;

  if (asked)
    result = judge(&call, &answer);
  if (call.local &&
      (result == PAM_USER_UNKNOWN || result == PAM_AUTHINFO_UNAVAIL))
    return PAM_IGNORE; /* pam_unix decides; ignoring grants nothing */
  if (asked && result != PAM_USER_UNKNOWN && result != PAM_AUTHINFO_UNAVAIL)
    goldap_tell(&call, result == PAM_SUCCESS ? PAM_TEXT_INFO : PAM_ERROR_MSG,
                answer.message);
  return goldap_finish(&call, result);
}
