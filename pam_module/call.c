#define _GNU_SOURCE
#include <errno.h>
#include <security/pam_modutil.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

#include "module.h"

static const char default_socket[] = "/run/goldap/socket";

/* Arguments that libpam looks at itself, in pam_get_authtok(3). */
static bool is_for_libpam(const char *argument) {
  return strcmp(argument, "use_first_pass") == 0 ||
         strcmp(argument, "try_first_pass") == 0 ||
         strcmp(argument, "use_authtok") == 0 ||
         strncmp(argument, "authtok_type=", 13) == 0;
}

static bool parse_flag(struct options *options, const char *argument) {
  if (strcmp(argument, "ignore_unknown_user") == 0)
    options->ignore_unknown_user = true;
  else if (strcmp(argument, "ignore_authinfo_unavail") == 0)
    options->ignore_authinfo_unavail = true;
  else if (strcmp(argument, "no_warn") == 0)
    options->no_warn = true;
  else if (strcmp(argument, "debug") == 0)
    options->debug = true;
  else if (strcmp(argument, "local_users") == 0)
    options->local_users = true;
  else if (strcmp(argument, "nodelay") == 0)
    options->nodelay = true;
  else if (strcmp(argument, "template_user") == 0)
    options->template_user = true;
  else /* nullok is known, but an empty password proves nothing in LDAP */
    return strcmp(argument, "nullok") == 0;
  return true;
}

static bool parse_uid(const char *text, unsigned long *uid) {
  char *end;

  if (*text < '0' || *text > '9')
    return false;
  errno = 0;
  *uid = strtoul(text, &end, 10);
  return errno == 0 && *end == '\0';
}

static bool parse_mode(const char *text, enum mode *mode) {
  if (strcmp(text, "auto") == 0)
    *mode = MODE_AUTO;
  else if (strcmp(text, "daemon") == 0)
    *mode = MODE_DAEMON;
  else if (strcmp(text, "direct") == 0)
    *mode = MODE_DIRECT;
  else
    return false;
  return true;
}

static bool parse_value(struct options *options, const char *argument) {
  if (strncmp(argument, "minimum_uid=", 12) == 0)
    return parse_uid(argument + 12, &options->minimum_uid);
  if (strncmp(argument, "mode=", 5) == 0)
    return parse_mode(argument + 5, &options->mode);
  if (strncmp(argument, "config=/", 8) == 0)
    options->config = argument + 7;
  else if (strncmp(argument, "socket=/", 8) == 0)
    options->socket = argument + 7;
  else
    return false;
  return true;
}

static void parse_options(struct call *call, int argc, const char **argv) {
  call->options = (struct options){.socket = default_socket};
  for (int i = 0; i < argc; i++)
    if (!is_for_libpam(argv[i]) && !parse_flag(&call->options, argv[i]) &&
        !parse_value(&call->options, argv[i]))
      goldap_log(call, LOG_ERR,
                 "the option \"%s\" in the service file is not known or has a "
                 "bad value; it is ignored",
                 argv[i]);
}

static const char *item(pam_handle_t *pamh, int type) {
  const void *value = NULL;

  if (pam_get_item(pamh, type, &value) != PAM_SUCCESS)
    return NULL;
  return value;
}

static bool is_local(const struct call *call) {
  return pam_modutil_check_user_in_passwd(call->pamh, call->user, NULL) ==
         PAM_SUCCESS;
}

/* is_askable reports whether the directory may be asked about a local user:
 * never about root, whatever the service file says. */
static bool is_askable(const struct call *call) {
  const struct passwd *passwd;

  if (!call->options.local_users || strcasecmp(call->user, "root") == 0)
    return false;
  passwd = pam_modutil_getpwnam(call->pamh, call->user);
  return passwd != NULL && passwd->pw_uid != 0;
}

/* is_below_minimum asks the name service through getpwnam_r(3), which is what
 * libpam uses here; a user whom it does not know is left to the directory. */
static bool is_below_minimum(const struct call *call) {
  const struct passwd *passwd;

  if (call->options.minimum_uid == 0)
    return false;
  passwd = pam_modutil_getpwnam(call->pamh, call->user);
  return passwd != NULL && passwd->pw_uid < call->options.minimum_uid;
}

int goldap_begin(struct call *call, pam_handle_t *pamh, const char *operation,
                 int flags, int argc, const char **argv) {
  int result;

  *call = (struct call){.pamh = pamh, .operation = operation};
  call->service = item(pamh, PAM_SERVICE);
  parse_options(call, argc, argv);
  call->silent = ((unsigned)flags & PAM_SILENT) != 0 || call->options.no_warn;
  result = pam_get_user(pamh, &call->user, NULL);
  if (result != PAM_SUCCESS)
    return result;
  if (call->user == NULL || *call->user == '\0' ||
      strnlen(call->user, WIRE_NAME_MAX + 1) > WIRE_NAME_MAX)
    return PAM_USER_UNKNOWN;
  call->ruser = item(pamh, PAM_RUSER);
  call->rhost = item(pamh, PAM_RHOST);
  call->tty = item(pamh, PAM_TTY);
  /* Whom the directory has proven on this handle is its own. */
  call->local = goldap_verdict(call) == NULL && is_local(call);
  if (call->local && !is_askable(call)) {
    goldap_debug(call, "user \"%s\" is local: not our business", call->user);
    return PAM_USER_UNKNOWN;
  }
  if (is_below_minimum(call)) {
    goldap_debug(call, "user \"%s\" has a uid below %lu", call->user,
                 call->options.minimum_uid);
    return PAM_USER_UNKNOWN;
  }
  return PAM_SUCCESS;
}

int goldap_finish(const struct call *call, int result) {
  if (result == PAM_CONV_AGAIN) /* the answer is not there yet: call again */
    return PAM_INCOMPLETE;
  if (result == PAM_USER_UNKNOWN && call->options.ignore_unknown_user)
    return PAM_IGNORE;
  if (result == PAM_AUTHINFO_UNAVAIL && call->options.ignore_authinfo_unavail)
    return PAM_IGNORE;
  return result;
}

void goldap_tell(const struct call *call, int style, const char *text) {
  if (!call->silent && text != NULL && *text != '\0')
    (void)pam_prompt(call->pamh, style, NULL, "%s", text);
}
