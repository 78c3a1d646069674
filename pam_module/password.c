#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "module.h"

/* The prompts of nss-pam-ldapd; those for the new password are libpam's. */
static const char old_prompt[] = "(current) LDAP Password: ";
static const char administrator_prompt[] = "LDAP administrator password: ";

/* The directory may have carried out a change whose answer was lost. */
static const char unknown_change[] =
    "It is not known whether your password was changed: try both the new one "
    "and the old one.";

static int unanswered(enum ask_result result) {
  return result == ASK_NOT_FOUND ? PAM_USER_UNKNOWN : PAM_AUTHINFO_UNAVAIL;
}

/* check_prohibited refuses where the site wants passwords to be changed
 * elsewhere, and says so. */
static int check_prohibited(const struct call *call) {
  struct answer answer;
  enum ask_result result = goldap_prohibition(call, &answer);

  if (result != ASK_ANSWERED)
    return unanswered(result);
  if (answer.message[0] == '\0')
    return PAM_SUCCESS;
  goldap_tell(call, PAM_ERROR_MSG, answer.message);
  return PAM_PERM_DENIED;
}

/* check_exists finds out whether the user is the directory's, by the name that
 * they log in with. Whether they may log in does not matter here. */
static int check_exists(const struct call *call) {
  struct answer answer;
  enum ask_result result = goldap_authorize(call, &answer);

  if (result != ASK_ANSWERED)
    return unanswered(result);
  return answer.code == PAM_AUTHINFO_UNAVAIL ? PAM_AUTHINFO_UNAVAIL
                                             : PAM_SUCCESS;
}

/* check_password proves password, of the user or of their directory's
 * administrator. A server that knows the password and lets nobody in with it
 * before it is changed (Active Directory) has proven nothing yet: the change
 * will, which sends it along. */
static int check_password(const struct call *call, bool as_administrator,
                          const char *password) {
  struct answer answer;
  enum ask_result result =
      goldap_authenticate(call, as_administrator, password, &answer);

  if (result != ASK_ANSWERED)
    return unanswered(result);
  if (answer.code == PAM_SUCCESS ||
      (answer.code == PAM_NEW_AUTHTOK_REQD && !as_administrator))
    return PAM_SUCCESS;
  goldap_tell(call, PAM_ERROR_MSG, answer.message);
  return answer.code == PAM_AUTHINFO_UNAVAIL ? PAM_AUTHINFO_UNAVAIL
                                             : PAM_AUTH_ERR;
}

static bool is_sendable(const char *password) {
  return password != NULL && *password != '\0' &&
         strnlen(password, WIRE_PASSWORD_MAX + 1) <= WIRE_PASSWORD_MAX;
}

static int prepare_as_user(const struct call *call) {
  const struct change *demanded = goldap_change(call);
  const char *old = NULL;
  int result;

  if (demanded != NULL && demanded->origin == CHANGE_DEMANDED)
    return PAM_SUCCESS;
  result = pam_get_authtok(call->pamh, PAM_OLDAUTHTOK, &old, old_prompt);
  if (result != PAM_SUCCESS)
    return result;
  if (!is_sendable(old))
    return PAM_AUTH_ERR;
  result = check_password(call, false, old);
  if (result == PAM_SUCCESS)
    result = goldap_keep_change(call, CHANGE_AS_USER, old);
  return result;
}

static int prompt_administrator(const struct call *call) {
  char *password = NULL;
  int result = pam_prompt(call->pamh, PAM_PROMPT_ECHO_OFF, &password, "%s",
                          administrator_prompt);

  if (result == PAM_SUCCESS)
    result = is_sendable(password) ? check_password(call, true, password)
                                   : PAM_AUTH_ERR;
  if (result == PAM_SUCCESS)
    result = goldap_keep_change(call, CHANGE_AS_ADMINISTRATOR, password);
  if (password != NULL) {
    explicit_bzero(password, strlen(password));
    free(password);
  }
  return result;
}

/* prepare_as_root lets root change a password without knowing it where the
 * configuration names an administrator. Where it names none, root has to know
 * the old password like anybody else. */
static int prepare_as_root(const struct call *call) {
  struct answer answer;
  enum ask_result result = goldap_authenticate(call, true, "", &answer);

  if (result == ASK_NOT_FOUND)
    return prepare_as_user(call);
  if (result != ASK_ANSWERED || answer.code == PAM_AUTHINFO_UNAVAIL)
    return PAM_AUTHINFO_UNAVAIL;
  if (answer.code == PAM_SUCCESS)
    return goldap_keep_change(call, CHANGE_AS_ADMINISTRATOR, "");
  return prompt_administrator(call);
}

static int prepare(const struct call *call, int flags) {
  bool forced = ((unsigned)flags & PAM_CHANGE_EXPIRED_AUTHTOK) != 0;
  const struct change *before = goldap_change(call);
  int result;

  /* What an earlier change proved and did not use must not serve this one: the
   * second phase may come although this first one fails. */
  if (before != NULL && before->origin != CHANGE_DEMANDED)
    goldap_forget_change(call);
  result = check_exists(call);
  if (result == PAM_SUCCESS)
    result = check_prohibited(call);
  if (result != PAM_SUCCESS)
    return result;
  return getuid() == 0 && !forced ? prepare_as_root(call)
                                  : prepare_as_user(call);
}

/* conclude forgets the password that a change has used up. One that a login
 * demanded may be tried again with another new password. */
static void conclude(const struct call *call, const struct change *change,
                     enum ask_result asked, const struct answer *answer) {
  if (asked == ASK_ANSWERED && answer->code == PAM_SUCCESS)
    goldap_forget_login(call); /* the demand is met: judge anew */
  else if (asked != ASK_ANSWERED || change->origin != CHANGE_DEMANDED)
    goldap_forget_change(call);
}

static int make_change(const struct call *call) {
  const struct change *change = goldap_change(call);
  const char *new = NULL;
  struct answer answer;
  enum ask_result asked;
  int result;

  if (change == NULL)
    return PAM_AUTHTOK_RECOVERY_ERR; /* the first phase did not happen */
  result = pam_get_authtok(call->pamh, PAM_AUTHTOK, &new, NULL);
  if (result != PAM_SUCCESS)
    return result;
  if (!is_sendable(new))
    return PAM_AUTHTOK_ERR;
  asked =
      goldap_change_password(call, change->origin == CHANGE_AS_ADMINISTRATOR,
                             change->password, new, &answer);
  conclude(call, change, asked, &answer);
  if (asked == ASK_UNAVAILABLE)
    goldap_tell(call, PAM_ERROR_MSG, unknown_change);
  if (asked != ASK_ANSWERED)
    return unanswered(asked);
  if (answer.code != PAM_SUCCESS)
    goldap_tell(call, PAM_ERROR_MSG, answer.message);
  return answer.code;
}

int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc,
                     const char **argv) {
  struct call call;
  int result = goldap_begin(&call, pamh, "password", flags, argc, argv);

  if (result == PAM_SUCCESS)
    result = ((unsigned)flags & PAM_PRELIM_CHECK) != 0 ? prepare(&call, flags)
                                                       : make_change(&call);
  return goldap_finish(&call, result);
}
