#include "module.h"

/* A session needs nothing of the directory and asks nobody: a local user is
 * left to the other modules, and everybody else passes whom minimum_uid does
 * not make unknown. */
static int session(pam_handle_t *pamh, int flags, int argc, const char **argv) {
  struct call call;
  int result = goldap_begin(&call, pamh, "session", flags, argc, argv);

  if (result == PAM_USER_UNKNOWN && call.user != NULL && goldap_is_local(&call))
    return PAM_IGNORE;
  return goldap_finish(&call, result);
}

int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc,
                        const char **argv) {
  return session(pamh, flags, argc, argv);
}

int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc,
                         const char **argv) {
  return session(pamh, flags, argc, argv);
}
