#define _GNU_SOURCE
#include "offline.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SENT_MAX = 128 * 1024 };

static struct bytes offered;
static int connection, offered_to; /* numbers, from 1 */
static int daemon_end = -1;
static unsigned char sent_bytes[SENT_MAX];

int __wrap_wire_connect(const char *path, wire_time deadline);

/* What ask.c needs besides wire.c. */
void goldap_log(const struct call *call, int priority, const char *format,
                ...) {
  (void)call;
  (void)priority;
  (void)format;
}

bool goldap_trusts_peer(int fd, const char *path) {
  (void)fd;
  (void)path;
  return true;
}

int goldap_spawn(const struct call *call, int milliseconds,
                 struct child *child) {
  (void)call;
  (void)milliseconds;
  (void)child;
  abort(); /* the questions are asked with mode=daemon */
}

void goldap_reap(struct child *child, wire_time deadline) {
  (void)child;
  (void)deadline;
  abort();
}

static int allocations_left; /* until one fails */

void *__wrap_malloc(size_t size);
void *__real_malloc(size_t size);

void fail_allocation(int nth) { allocations_left = nth; }

void *__wrap_malloc(size_t size) {
  if (allocations_left > 0 && --allocations_left == 0)
    return NULL;
  return __real_malloc(size);
}

/* The connection that counts finds the answer; any other is closed at once, as
 * by a daemon that does not know the action. */
int __wrap_wire_connect(const char *path, wire_time deadline) {
  int pair[2];

  (void)path;
  (void)deadline;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    abort();
  if (++connection != offered_to) {
    close(pair[1]);
    return pair[0];
  }
  if (offered.length != 0 && send(pair[1], offered.data, offered.length,
                                  MSG_DONTWAIT) != (ssize_t)offered.length)
    abort();
  if (shutdown(pair[1], SHUT_WR) != 0)
    abort();
  daemon_end = pair[1];
  return pair[0];
}

/* take_sent reads what the module has asked. */
static struct bytes take_sent(void) {
  struct bytes sent = {sent_bytes, 0};
  ssize_t n;

  if (daemon_end < 0)
    return sent;
  while (sent.length < SENT_MAX &&
         (n = recv(daemon_end, sent_bytes + sent.length, SENT_MAX - sent.length,
                   MSG_DONTWAIT)) > 0)
    sent.length += (size_t)n;
  close(daemon_end);
  daemon_end = -1;
  return sent;
}

bool cut_int32(struct bytes *bytes, int32_t *value) {
  const unsigned char *b = bytes->data;

  if (bytes->length < 4)
    return false;
  *value = (int32_t)((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
                     (uint32_t)b[2] << 8 | b[3]);
  bytes->data += 4;
  bytes->length -= 4;
  return true;
}

bool cut_string(struct bytes *bytes, struct bytes *string) {
  int32_t length;

  if (!cut_int32(bytes, &length) || length < 0 ||
      (size_t)length > bytes->length)
    return false;
  *string = (struct bytes){bytes->data, (size_t)length};
  bytes->data += length;
  bytes->length -= (size_t)length;
  return true;
}

/* A request, taken apart. The strings are to be freed. */
struct fields {
  int32_t action, number;
  char *strings[7];
  size_t count;
};

static bool cut_text(struct bytes *bytes, struct fields *fields) {
  struct bytes string;

  if (!cut_string(bytes, &string))
    return false;
  fields->strings[fields->count] =
      strndup((const char *)string.data, string.length);
  return fields->strings[fields->count++] != NULL;
}

/* take_apart follows the plan of the action: s for a string, i for a word. */
static bool take_apart(struct bytes request, struct fields *fields) {
  static const struct {
    int32_t action;
    const char *plan;
  } plans[] = {
      {WIRE_CONFIG_GET, "i"},       {WIRE_PAM_AUTHC, "ssssss"},
      {WIRE_LOGIN, "iissssss"},     {WIRE_PAM_AUTHZ, "sssss"},
      {WIRE_PAM_PWMOD, "sssssiss"}, {WIRE_ADMIT, "isssss"},
  };
  const char *plan = NULL;
  int32_t version;

  *fields = (struct fields){0};
  if (!cut_int32(&request, &version) || version != WIRE_VERSION ||
      !cut_int32(&request, &fields->action))
    return false;
  for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++)
    if (plans[i].action == fields->action)
      plan = plans[i].plan;
  if (plan == NULL)
    return false;
  for (; *plan != '\0'; plan++)
    if (*plan == 'i' ? !cut_int32(&request, &fields->number)
                     : !cut_text(&request, fields))
      return false;
  return request.length == 0 &&
         (fields->action != WIRE_CONFIG_GET ||
          fields->number == WIRE_CONFIG_PROHIBIT_MESSAGE);
}

static enum ask_result put_question(const struct fields *fields,
                                    struct answer *answer) {
  char *const *s = fields->strings;
  struct call call = {.options = {.mode = MODE_DAEMON, .socket = "/"},
                      .user = s[0],
                      .service = s[1],
                      .ruser = s[2],
                      .rhost = s[3],
                      .tty = s[4]};

  switch (fields->action) {
  case WIRE_PAM_AUTHC:
    return goldap_authenticate(&call, *s[0] == '\0', s[5], answer);
  case WIRE_LOGIN:
    return goldap_authenticate(&call, fields->number != 0, s[5], answer);
  case WIRE_ADMIT:
  case WIRE_PAM_AUTHZ:
    return goldap_authorize(&call, answer);
  case WIRE_PAM_PWMOD:
    return goldap_change_password(&call, fields->number != 0, s[5], s[6],
                                  answer);
  default:
    return goldap_prohibition(&call, answer);
  }
}

bool ask_offline(struct bytes request, struct bytes response,
                 enum ask_result *result, struct answer *answer,
                 struct bytes *sent) {
  struct fields fields;
  bool known = take_apart(request, &fields);

  if (known) {
    offered = response;
    connection = 0;
    /* goldap's own actions are tried before the plain ones */
    offered_to =
        fields.action == WIRE_PAM_AUTHC || fields.action == WIRE_PAM_AUTHZ ? 2
                                                                           : 1;
    *result = put_question(&fields, answer);
    *sent = take_sent();
  }
  for (size_t i = 0; i < fields.count; i++)
    free(fields.strings[i]);
  return known;
}
