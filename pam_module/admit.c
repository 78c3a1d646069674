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

/* set_user changes PAM_USER, and call->user, which libpam had given out. */
static int set_user(struct call *call, const char *user) {
  int result = pam_set_item(call->pamh, PAM_USER, user);

  if (result == PAM_SUCCESS)
    result = pam_get_user(call->pamh, &call->user, NULL);
  return result;
}

/* uid_of copies the number out of memory that libpam may use again. */
static bool uid_of(const struct call *call, const char *user, uid_t *uid) {
  const struct passwd *passwd = pam_modutil_getpwnam(call->pamh, user);

  if (passwd != NULL)
    *uid = passwd->pw_uid;
  return passwd != NULL;
}

/* spell_canonically gives the program the directory's spelling of a name that
 * was typed in other letters, if both are one user for it. A local user keeps
 * theirs. */
static int spell_canonically(struct call *call, const char *canonical) {
  uid_t typed, meant;

  if (call->local || *canonical == '\0' || strcmp(canonical, call->user) == 0 ||
      !is_same_name(canonical, call->user))
    return PAM_SUCCESS;
  if (pam_modutil_check_user_in_passwd(call->pamh, canonical, NULL) ==
          PAM_SUCCESS ||
      !uid_of(call, call->user, &typed) || !uid_of(call, canonical, &meant) ||
      typed != meant)
    return PAM_SUCCESS;
  return set_user(call, canonical);
}

/* become makes another user of this machine of the user: only where the service
 * file says so, too, and never root. */
static int become(struct call *call, const char *account) {
  uid_t uid;

  if (!call->options.template_user) {
    goldap_log(call, LOG_ERR,
               "the configuration makes user \"%s\" another user "
               "(template_login), but the service file does not have the "
               "option template_user: refused",
               call->user);
    return PAM_PERM_DENIED;
  }
  if (!uid_of(call, account, &uid) || uid == 0) {
    goldap_log(call, LOG_ERR,
               "user \"%s\" cannot become \"%s\", who is not a user of this "
               "machine or is root: refused",
               call->user, account);
    return PAM_PERM_DENIED;
  }
  goldap_log(call, LOG_INFO, "user \"%s\" goes on as \"%s\"", call->user,
             account);
  return set_user(call, account);
}

int goldap_admit(struct call *call, const struct answer *answer, int result) {
  int done;

  if (result != PAM_SUCCESS && result != PAM_NEW_AUTHTOK_REQD)
    return result;
  done = put_environment(call, answer);
  if (done == PAM_SUCCESS && answer->account[0] == '\0')
    done = spell_canonically(call, answer->user);
  else if (done == PAM_SUCCESS)
    done =
        result == PAM_SUCCESS ? become(call, answer->account) : PAM_PERM_DENIED;
  return done == PAM_SUCCESS ? result : PAM_PERM_DENIED;
}
