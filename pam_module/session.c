#include "module.h"

/* A session needs nothing of the directory and asks nobody, so it is never a
 * reason to refuse a login: whoever is not ours is left to the other modules,
 * and everybody else passes. */
static int session(pam_handle_t *pamh, int flags, int argc, const char **argv) {
  struct call call;
  int result = goldap_begin(&call, pamh, "session", flags, argc, argv);

  if (result == PAM_USER_UNKNOWN)
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
