#include <stdbool.h>
#include <syslog.h>

#include "module.h"

static bool note_opened(const struct call *call) {
  char id[WIRE_NAME_MAX + 1];

  if (!goldap_note_opened(call, id))
    return false;
  goldap_keep_session(call, id);
  return true;
}

static bool note_closed(const struct call *call) {
  return goldap_note_closed(call, goldap_session_id(call));
}

/* A session needs nothing of the directory, so it is never a reason to refuse a
 * login: whoever is not ours is left to the other modules, and everybody else
 * passes. The daemon is told, for its log; where it does not answer, the line
 * here is all there is. */
static int session(struct call *call, int begun,
                   bool (*note)(const struct call *), const char *done) {
  if (begun == PAM_USER_UNKNOWN)
    return PAM_IGNORE;
  if (begun != PAM_SUCCESS)
    return goldap_finish(call, begun);
  if (!note(call))
    goldap_log(call, LOG_INFO, "session %s for user \"%s\"", done, call->user);
  return PAM_SUCCESS;
}

int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc,
                        const char **argv) {
  struct call call;
  int begun = goldap_begin(&call, pamh, "session", flags, argc, argv);

  return session(&call, begun, note_opened, "opened");
}

int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc,
                         const char **argv) {
  struct call call;
  int begun = goldap_begin(&call, pamh, "session", flags, argc, argv);

  return session(&call, begun, note_closed, "closed");
}
