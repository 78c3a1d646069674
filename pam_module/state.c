#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "module.h"

static const char verdict_data[] = "goldap_verdict";
static const char change_data[] = "goldap_change";
static const char session_data[] = "goldap_session";

static bool is_same_user(const struct call *call, const char *user) {
  return strcmp(call->user, user) == 0;
}

static const void *kept(const struct call *call, const char *name) {
  const void *data = NULL;

  return pam_get_data(call->pamh, name, &data) == PAM_SUCCESS ? data : NULL;
}

static void forget(const struct call *call, const char *name) {
  if (kept(call, name) != NULL)
    (void)pam_set_data(call->pamh, name, NULL, NULL);
}

static void free_verdict(pam_handle_t *pamh, void *data, int status) {
  (void)pamh;
  (void)status;
  free(data);
}

const struct verdict *goldap_verdict(const struct call *call) {
  const struct verdict *verdict = kept(call, verdict_data);

  return verdict != NULL && is_same_user(call, verdict->user) ? verdict : NULL;
}

int goldap_keep_verdict(const struct call *call, const struct answer *answer) {
  struct verdict *verdict = calloc(1, sizeof *verdict);
  int result;

  if (verdict == NULL)
    return PAM_BUF_ERR;
  /* goldap_begin refuses longer names; calloc has ended this one. */
  strncpy(verdict->user, call->user, WIRE_NAME_MAX);
  verdict->complete = answer->authorized_fully;
  verdict->authorization = answer->authorization;
  memcpy(verdict->message, answer->message, sizeof verdict->message);
  result = pam_set_data(call->pamh, verdict_data, verdict, free_verdict);
  if (result != PAM_SUCCESS)
    free(verdict);
  return result;
}

static void free_change(pam_handle_t *pamh, void *data, int status) {
  struct change *change = data;

  (void)pamh;
  (void)status;
  if (change == NULL)
    return;
  if (change->password != NULL) {
    explicit_bzero(change->password, strlen(change->password));
    free(change->password);
  }
  free(change);
}

const struct change *goldap_change(const struct call *call) {
  const struct change *change = kept(call, change_data);

  return change != NULL && is_same_user(call, change->user) ? change : NULL;
}

int goldap_keep_change(const struct call *call, enum change_origin origin,
                       const char *password) {
  struct change *change = calloc(1, sizeof *change);
  int result;

  if (change == NULL)
    return PAM_BUF_ERR;
  strncpy(change->user, call->user, WIRE_NAME_MAX);
  change->origin = origin;
  change->password = strdup(password);
  result = change->password == NULL
               ? PAM_BUF_ERR
               : pam_set_data(call->pamh, change_data, change, free_change);
  if (result != PAM_SUCCESS)
    free_change(call->pamh, change, 0);
  return result;
}

void goldap_forget_change(const struct call *call) {
  forget(call, change_data);
}

void goldap_forget_login(const struct call *call) {
  forget(call, verdict_data);
  forget(call, change_data);
}

static void free_session(pam_handle_t *pamh, void *data, int status) {
  (void)pamh;
  (void)status;
  free(data);
}

const char *goldap_session_id(const struct call *call) {
  const char *id = kept(call, session_data);

  return id != NULL ? id : "";
}

void goldap_keep_session(const struct call *call, const char *id) {
  char *copy = strdup(id);

  if (copy != NULL &&
      pam_set_data(call->pamh, session_data, copy, free_session) != PAM_SUCCESS)
    free(copy);
}
