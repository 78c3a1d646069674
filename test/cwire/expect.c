#define _GNU_SOURCE
#include <string.h>

#include "offline.h"

/* The longest string that the module skips. */
enum { SKIPPED_MAX = 64 * 1024 };

/* allowed has the codes that nslcd's protocol knows; see docs/protocol.md. */
static int allowed(int32_t code) {
  static const int codes[] = {0,  6,  7,  8,  9,  10, 11,
                              12, 13, 14, 20, 23, 25, 27};

  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
    if (codes[i] == code)
      return code;
  return PAM_SYSTEM_ERR;
}

static bool cut_code(struct bytes *bytes, int *code) {
  int32_t value;

  if (!cut_int32(bytes, &value))
    return false;
  *code = allowed(value);
  return true;
}

static bool skip_strings(struct bytes *bytes, int count) {
  struct bytes string;

  for (int i = 0; i < count; i++)
    if (!cut_string(bytes, &string) || string.length > SKIPPED_MAX)
      return false;
  return true;
}

static bool cut_message(struct bytes *bytes, struct answer *answer) {
  struct bytes string;

  if (!cut_string(bytes, &string) || string.length > WIRE_MESSAGE_MAX ||
      (string.length != 0 && memchr(string.data, 0, string.length) != NULL))
    return false;
  if (string.length != 0)
    memcpy(answer->message, string.data, string.length);
  answer->message[string.length] = '\0';
  return true;
}

/* cut_into copies a string that fits, without a NUL inside. */
static bool cut_into(struct bytes *bytes, char *to, size_t size) {
  struct bytes string;

  if (!cut_string(bytes, &string) || string.length >= size ||
      (string.length != 0 && memchr(string.data, 0, string.length) != NULL))
    return false;
  if (string.length != 0)
    memcpy(to, string.data, string.length);
  to[string.length] = '\0';
  return true;
}

static bool cut_session(struct bytes *bytes, struct answer *answer) {
  size_t used = 0;
  int32_t count;

  if (!cut_into(bytes, answer->account, sizeof answer->account) ||
      !cut_int32(bytes, &count) || count < 0 || count > WIRE_VARIABLES_MAX)
    return false;
  for (; count > 0; count--) {
    char *variable = answer->environment + used;

    if (!cut_into(bytes, variable, WIRE_ENVIRONMENT_MAX - used) ||
        strncmp(variable, "GOLDAP_", 7) != 0 || strchr(variable, '=') == NULL)
      return false;
    used += strlen(variable) + 1;
  }
  answer->environment[used] = '\0';
  return true;
}

static bool cut_account(struct bytes *bytes) {
  int32_t id;

  return skip_strings(bytes, 2) && cut_int32(bytes, &id) &&
         cut_int32(bytes, &id) && skip_strings(bytes, 3);
}

static bool cut_result(int32_t action, struct bytes *bytes,
                       struct answer *answer) {
  switch (action) {
  case WIRE_LOGIN:
    answer->authorized_fully = true;
    return cut_code(bytes, &answer->code) &&
           cut_into(bytes, answer->user, sizeof answer->user) &&
           cut_code(bytes, &answer->authorization) &&
           cut_message(bytes, answer) && cut_session(bytes, answer);
  case WIRE_ADMIT:
    return cut_code(bytes, &answer->code) &&
           cut_into(bytes, answer->user, sizeof answer->user) &&
           cut_message(bytes, answer) && cut_session(bytes, answer);
  case WIRE_PAM_AUTHC:
    return cut_code(bytes, &answer->code) && skip_strings(bytes, 1) &&
           cut_code(bytes, &answer->authorization) &&
           cut_message(bytes, answer);
  case WIRE_PAM_AUTHZ:
  case WIRE_PAM_PWMOD:
    return cut_code(bytes, &answer->code) && cut_message(bytes, answer);
  case WIRE_CONFIG_GET:
    return cut_message(bytes, answer);
  default:
    return cut_account(bytes);
  }
}

enum ask_result expect_answer(int32_t action, struct bytes response,
                              struct answer *answer) {
  int32_t version, answered, marker;

  *answer =
      (struct answer){.code = PAM_SYSTEM_ERR, .authorization = PAM_SYSTEM_ERR};
  if (!cut_int32(&response, &version) || version != WIRE_VERSION ||
      !cut_int32(&response, &answered) || answered != action ||
      !cut_int32(&response, &marker))
    return ASK_UNAVAILABLE;
  if (marker == WIRE_RESULT_END)
    return ASK_NOT_FOUND;
  for (int entries = 0; marker == WIRE_RESULT_BEGIN; entries++)
    if (entries > 0 || !cut_result(action, &response, answer) ||
        !cut_int32(&response, &marker))
      return ASK_UNAVAILABLE;
  return marker == WIRE_RESULT_END ? ASK_ANSWERED : ASK_UNAVAILABLE;
}

bool same_answer(enum ask_result a, const struct answer *answer_a,
                 enum ask_result b, const struct answer *answer_b) {
  if (a != b)
    return false;
  return a != ASK_ANSWERED ||
         (answer_a->code == answer_b->code &&
          answer_a->authorization == answer_b->authorization &&
          answer_a->authorized_fully == answer_b->authorized_fully &&
          strcmp(answer_a->message, answer_b->message) == 0 &&
          strcmp(answer_a->user, answer_b->user) == 0 &&
          strcmp(answer_a->account, answer_b->account) == 0 &&
          memcmp(answer_a->environment, answer_b->environment,
                 sizeof answer_a->environment) == 0);
}
