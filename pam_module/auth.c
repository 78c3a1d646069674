#define _GNU_SOURCE
#include <string.h>

#include "module.h"

/* The prompt of pam_ldap and nss-pam-ldapd. */
static const char prompt[] = "Password: ";

/* judge turns an answered authentication into what libpam is told. Nothing but
 * the code for success gives success. */
static int judge(struct call *call, const struct answer *answer,
                 const char *password) {
  int result;

  if (answer->code != PAM_SUCCESS) {
    goldap_tell(call, PAM_ERROR_MSG, answer->message);
    return answer->code == PAM_AUTHINFO_UNAVAIL ? PAM_AUTHINFO_UNAVAIL
                                                : PAM_AUTH_ERR;
  }
  if (goldap_admit(call, answer, answer->authorization) !=
      answer->authorization)
    return PAM_PERM_DENIED;
  result = goldap_keep_verdict(call, answer);
  if (result == PAM_SUCCESS && answer->authorization == PAM_NEW_AUTHTOK_REQD)
    result = goldap_keep_change(call, CHANGE_DEMANDED, password);
  if (result == PAM_SUCCESS)
    result = goldap_hand_over(call, answer);
  if (result != PAM_SUCCESS)
    goldap_forget_login(call);
  return result;
}

static int authenticate(struct call *call) {
  const char *password = NULL;
  struct answer answer;
  int result;

  goldap_forget_login(call);
  goldap_clear_environment(call);
  result = pam_get_authtok(call->pamh, PAM_AUTHTOK, &password, prompt);
  if (result != PAM_SUCCESS)
    return result;
  if (password == NULL || *password == '\0' ||
      strnlen(password, WIRE_PASSWORD_MAX + 1) > WIRE_PASSWORD_MAX)
    return PAM_AUTH_ERR;
  switch (goldap_authenticate(call, false, password, &answer)) {
  case ASK_ANSWERED:
    return judge(call, &answer, password);
  case ASK_NOT_FOUND:
    return PAM_USER_UNKNOWN;
  case ASK_UNAVAILABLE:
    break;
  }
  return PAM_AUTHINFO_UNAVAIL;
}

/* What libpam waits for after a failure, more or less a half of it, as with
 * pam_unix: for every user, known or not. */
enum { FAIL_DELAY = 2000000 }; /* microseconds */

int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc,
                        const char **argv) {
  struct call call;
  int result = goldap_begin(&call, pamh, "auth", flags, argc, argv);

  if (!call.options.nodelay)
    (void)pam_fail_delay(pamh, FAIL_DELAY);
  if (result == PAM_SUCCESS)
    result = authenticate(&call);
  return goldap_finish(&call, result);
}

/* There are no credentials to set: the groups come from the name service. */
int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv) {
  (void)pamh;
  (void)flags;
  (void)argc;
  (void)argv;
  return PAM_SUCCESS;
}
