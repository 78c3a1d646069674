#define _GNU_SOURCE
#include <security/pam_modutil.h>
#include <string.h>
#include <syslog.h>

#include "module.h"

static const char roles[] = "GOLDAP_ROLES";

void goldap_clear_environment(const struct call *call) {
  if (pam_getenv(call->pamh, roles) != NULL)
    (void)pam_putenv(call->pamh, roles); /* without a value it is removed */
}

static int put_environment(const struct call *call,
                           const struct answer *answer) {
  int result = PAM_SUCCESS;

  for (const char *variable = answer->environment;
       result == PAM_SUCCESS && *variable != '\0';
       variable += strlen(variable) + 1)
    result = pam_putenv(call->pamh, variable);
  return result;
}

static char lower(char c) {
  return 'A' <= c && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

/* is_same_name ignores the case of ASCII letters, and of no others. */
static bool is_same_name(const char *a, const char *b) {
  while (*a != '\0' && lower(*a) == lower(*b))
    a++, b++;
  return *a == *b;
}

/* uid_of copies the number out of memory that libpam may use again. */
static bool uid_of(const struct call *call, const char *user, uid_t *uid) {
  const struct passwd *passwd = pam_modutil_getpwnam(call->pamh, user);

  if (passwd != NULL)
    *uid = passwd->pw_uid;
  return passwd != NULL;
}

/* is_canonical_spelling reports whether the directory spells the name that was
 * typed in other letters, and both are one user for the program. A local user
 * keeps the name. */
static bool is_canonical_spelling(const struct call *call,
                                  const char *canonical) {
  uid_t typed, meant;

  if (call->local || *canonical == '\0' || strcmp(canonical, call->user) == 0 ||
      !is_same_name(canonical, call->user))
    return false;
  return pam_modutil_check_user_in_passwd(call->pamh, canonical, NULL) !=
             PAM_SUCCESS &&
         uid_of(call, call->user, &typed) && uid_of(call, canonical, &meant) &&
         typed == meant;
}

/* may_become reports whether the user may become another of this machine: only
 * where the service file says so, too, and never root. */
static bool may_become(const struct call *call, const char *account) {
  uid_t uid;

  if (!call->options.template_user) {
    goldap_log(call, LOG_ERR,
               "the configuration makes user \"%s\" another user "
               "(template_login), but the service file does not have the "
               "option template_user: refused",
               call->user);
    return false;
  }
  if (!uid_of(call, account, &uid) || uid == 0) {
    goldap_log(call, LOG_ERR,
               "user \"%s\" cannot become \"%s\", who is not a user of this "
               "machine or is root: refused",
               call->user, account);
    return false;
  }
  goldap_log(call, LOG_INFO, "user \"%s\" goes on as \"%s\"", call->user,
             account);
  return true;
}

int goldap_admit(struct call *call, const struct answer *answer, int result) {
  if (result != PAM_SUCCESS && result != PAM_NEW_AUTHTOK_REQD)
    return result;
  if (answer->account[0] == '\0') {
    if (is_canonical_spelling(call, answer->user))
      call->user = answer->user;
    return result;
  }
  if (result != PAM_SUCCESS || !may_become(call, answer->account))
    return PAM_PERM_DENIED;
  call->user = answer->account;
  return result;
}

/* PAM_USER comes last: whatever fails before leaves it as it was. */
int goldap_hand_over(struct call *call, const struct answer *answer) {
  int result = put_environment(call, answer);

  if (result == PAM_SUCCESS &&
      (call->user == answer->user || call->user == answer->account))
    result = pam_set_item(call->pamh, PAM_USER, call->user);
  if (result != PAM_SUCCESS)
    goldap_clear_environment(call);
  return result;
}
