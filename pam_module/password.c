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

static int check_exists(const struct call *call) {
  struct answer answer;
  enum ask_result result = goldap_exists(call, &answer);

  return result == ASK_ANSWERED ? PAM_SUCCESS : unanswered(result);
}

/* check_password proves password, of the user or, with user "", of the
 * directory's administrator. */
static int check_password(const struct call *call, const char *user,
                          const char *password) {
  struct answer answer;
  enum ask_result result = goldap_authenticate(call, user, password, &answer);

  if (result != ASK_ANSWERED)
    return unanswered(result);
  if (answer.code == PAM_SUCCESS)
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
  const struct login *before = goldap_login(call);
  struct login login = {0};
  const char *old = NULL;
  int result;

  if (before != NULL && before->password != NULL && !before->as_administrator)
    return PAM_SUCCESS; /* proven by the login that demanded this change */
  result = pam_get_authtok(call->pamh, PAM_OLDAUTHTOK, &old, old_prompt);
  if (result != PAM_SUCCESS)
    return result;
  if (!is_sendable(old))
    return PAM_AUTH_ERR;
  result = check_password(call, call->user, old);
  if (result == PAM_SUCCESS)
    result = goldap_keep_login(call, &login, old);
  return result;
}

static int prompt_administrator(const struct call *call) {
  struct login login = {.as_administrator = true};
  char *password = NULL;
  int result = pam_prompt(call->pamh, PAM_PROMPT_ECHO_OFF, &password, "%s",
                          administrator_prompt);

  if (result == PAM_SUCCESS)
    result = is_sendable(password) ? check_password(call, "", password)
                                   : PAM_AUTH_ERR;
  if (result == PAM_SUCCESS)
    result = goldap_keep_login(call, &login, password);
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
  struct login login = {.as_administrator = true};
  struct answer answer;
  enum ask_result result = goldap_authenticate(call, "", "", &answer);

  if (result == ASK_NOT_FOUND)
    return prepare_as_user(call);
  if (result != ASK_ANSWERED || answer.code == PAM_AUTHINFO_UNAVAIL)
    return PAM_AUTHINFO_UNAVAIL;
  if (answer.code == PAM_SUCCESS)
    return goldap_keep_login(call, &login, "");
  return prompt_administrator(call);
}

static int prepare(const struct call *call, int flags) {
  bool forced = ((unsigned)flags & PAM_CHANGE_EXPIRED_AUTHTOK) != 0;
  int result = check_exists(call);

  if (result == PAM_SUCCESS)
    result = check_prohibited(call);
  if (result != PAM_SUCCESS)
    return result;
  return getuid() == 0 && !forced ? prepare_as_root(call)
                                  : prepare_as_user(call);
}

static int change(const struct call *call) {
  const struct login *login = goldap_login(call);
  const char *new = NULL;
  struct answer answer;
  enum ask_result asked;
  int result;

  if (login == NULL || login->password == NULL)
    return PAM_AUTHTOK_RECOVERY_ERR; /* the first phase did not happen */
  result = pam_get_authtok(call->pamh, PAM_AUTHTOK, &new, NULL);
  if (result != PAM_SUCCESS)
    return result;
  if (!is_sendable(new))
    return PAM_AUTHTOK_ERR;
  asked = goldap_change_password(call, login->as_administrator, login->password,
                                 new, &answer);
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
                                                       : change(&call);
  return goldap_finish(&call, result);
}
