#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "host.h"

static const char wrong_password[] = "certainly not the password";

/* answer replies to every question with the password that data points at. */
static int answer(int count, const struct pam_message **messages,
                  struct pam_response **replies, void *data) {
  struct pam_response *all = calloc((size_t)count, sizeof *all);

  if (all == NULL)
    return PAM_BUF_ERR;
  for (int i = 0; i < count; i++)
    if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF)
      all[i].resp = strdup(data);
  *replies = all;
  return PAM_SUCCESS;
}

static long milliseconds(void) {
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000L + now.tv_nsec / 1000000L;
}

pam_handle_t *open_handle(const struct plan *plan) {
  struct pam_conv conversation = {.conv = answer,
                                  .appdata_ptr = (char *)plan->password};
  pam_handle_t *pamh = NULL;

  if (pam_start_confdir(plan->service, plan->user, &conversation, plan->confdir,
                        &pamh) != PAM_SUCCESS)
    fail("pam_start_confdir");
  return pamh;
}

static void set_soft(__rlimit_resource_t resource, unsigned long value,
                     bool scarce) {
  struct rlimit limit;

  if (value == 0)
    return;
  if (getrlimit(resource, &limit) != 0)
    fail("getrlimit");
  limit.rlim_cur = scarce ? value : limit.rlim_max;
  if (setrlimit(resource, &limit) != 0)
    fail("setrlimit");
}

/* make_scarce takes descriptors and processes away, or gives them back. */
static void make_scarce(const struct plan *plan, bool scarce) {
  set_soft(RLIMIT_NOFILE, plan->files, scarce);
  set_soft(RLIMIT_NPROC, plan->processes, scarce);
}

static void between_calls(const struct plan *plan) {
  if (plan->close_descriptors)
    close_descriptors_above(2);
}

typedef int (*pam_function)(pam_handle_t *pamh, int flags);

static int timed(const struct plan *plan, pam_function function,
                 pam_handle_t *pamh, struct tally *tally) {
  long start, took;
  int code;

  between_calls(plan);
  start = milliseconds();
  make_scarce(plan, true);
  code = function(pamh, 0);
  make_scarce(plan, false);
  took = milliseconds() - start;
  if (took > tally->slowest)
    tally->slowest = took;
  return code;
}

void log_in_on(const struct plan *plan, pam_handle_t *pamh, bool right,
               struct tally *tally) {
  struct pam_conv conversation = {
      .conv = answer,
      .appdata_ptr = right ? (char *)plan->password : (char *)wrong_password};
  unsigned long long mask = signal_mask();
  int code;

  if (pam_set_item(pamh, PAM_CONV, &conversation) != PAM_SUCCESS)
    fail("pam_set_item");
  code = timed(plan, pam_authenticate, pamh, tally);
  if (code == PAM_SUCCESS)
    code = timed(plan, pam_acct_mgmt, pamh, tally);
  if (code < 0 || code >= _PAM_RETURN_VALUES)
    fail("a code that PAM does not have");
  (right ? tally->right : tally->wrong)[code]++;
  between_calls(plan);
  if (!plan->never_end && pam_end(pamh, code) != PAM_SUCCESS)
    fail("pam_end");
  if (signal_mask() != mask)
    tally->mask_changed = true;
}

void log_in(const struct plan *plan, bool right, struct tally *tally) {
  log_in_on(plan, open_handle(plan), right, tally);
}
