#define _GNU_SOURCE
#include "offline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"

enum nss_status _nss_goldap_getpwnam_r(const char *, struct passwd *, char *,
                                       size_t, int *);
enum nss_status _nss_goldap_getpwuid_r(uid_t, struct passwd *, char *, size_t,
                                       int *);
enum nss_status _nss_goldap_getgrnam_r(const char *, struct group *, char *,
                                       size_t, int *);
enum nss_status _nss_goldap_getgrgid_r(gid_t, struct group *, char *, size_t,
                                       int *);
enum nss_status _nss_goldap_getspnam_r(const char *, struct spwd *, char *,
                                       size_t, int *);
enum nss_status _nss_goldap_initgroups_dyn(const char *, gid_t, long *, long *,
                                           gid_t **, long, int *);

static const unsigned char *offered;
static size_t offered_length;
static int daemon_end = -1, allocations_left;

int __wrap_wire_connect(const char *path, wire_time deadline);
void *__wrap_malloc(size_t size);
void *__real_malloc(size_t size);

int __wrap_wire_connect(const char *path, wire_time deadline) {
  int pair[2];

  (void)deadline;
  if (strcmp(path, "/run/goldap/socket") != 0 ||
      socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    abort();
  if (offered_length != 0 && send(pair[1], offered, offered_length,
                                  MSG_DONTWAIT) != (ssize_t)offered_length)
    abort();
  if (shutdown(pair[1], SHUT_WR) != 0)
    abort();
  daemon_end = pair[1];
  errno = EAGAIN; /* as after waiting */
  return pair[0];
}

void *__wrap_malloc(size_t size) {
  if (allocations_left > 0 && --allocations_left == 0)
    return NULL;
  return __real_malloc(size);
}

/* take_sent reads what was asked, up to where the module closed. */
static void take_sent(struct outcome *outcome) {
  ssize_t n;

  outcome->connected = daemon_end >= 0;
  if (!outcome->connected)
    return;
  while ((n = recv(daemon_end, outcome->sent.data + outcome->sent.length,
                   FRAME_BYTES - outcome->sent.length, MSG_DONTWAIT)) > 0)
    outcome->sent.length += (size_t)n;
  if (n < 0 && errno == EAGAIN)
    abort(); /* still open */
  close(daemon_end);
  daemon_end = -1;
}

uint32_t word_at(const struct frame *frame, size_t offset) {
  const unsigned char *b = frame->data + offset;

  if (offset + 4 > frame->length)
    return 0;
  return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 |
         b[3];
}

static enum nss_status init_groups(const char *name, struct outcome *outcome) {
  long room = 1;
  gid_t *groups = malloc(sizeof *groups);
  enum nss_status status;

  if (groups == NULL)
    abort();
  *groups = 4711;
  outcome->count = 1;
  status = _nss_goldap_initgroups_dyn(name, 4711, &outcome->count, &room,
                                      &groups, -1, &outcome->error);
  if (outcome->count > GIDS || outcome->count > room || *groups != 4711)
    abort();
  memcpy(outcome->gids, groups, (size_t)outcome->count * sizeof *groups);
  free(groups);
  return status;
}

/* call finds the function for the action. */
static bool call(uint32_t action, uint32_t id, const char *name, char *buffer,
                 size_t size, struct outcome *o) {
  switch (action) {
  case ACTION_PASSWD_BYNAME:
    o->status =
        _nss_goldap_getpwnam_r(name, &o->entry.passwd, buffer, size, &o->error);
    return true;
  case ACTION_PASSWD_BYUID:
    o->status =
        _nss_goldap_getpwuid_r(id, &o->entry.passwd, buffer, size, &o->error);
    return true;
  case ACTION_GROUP_BYNAME:
    o->status =
        _nss_goldap_getgrnam_r(name, &o->entry.group, buffer, size, &o->error);
    return true;
  case ACTION_GROUP_BYGID:
    o->status =
        _nss_goldap_getgrgid_r(id, &o->entry.group, buffer, size, &o->error);
    return true;
  case ACTION_SHADOW_BYNAME:
    o->status =
        _nss_goldap_getspnam_r(name, &o->entry.shadow, buffer, size, &o->error);
    return true;
  case ACTION_GROUP_BYMEMBER:
    o->status = init_groups(name, o);
    return true;
  default:
    return false;
  }
}

bool look_up(const struct frame *request, const struct frame *response,
             size_t length, char *buffer, size_t size, int nth,
             struct outcome *outcome) {
  uint32_t id = word_at(request, 8);
  char name[FRAME_BYTES] = "";
  bool known;

  if (id < FRAME_BYTES && request->length >= 12 && id == request->length - 12)
    memcpy(name, request->data + 12, id);
  memset(outcome, 0xa5, sizeof *outcome);
  outcome->sent.length = 0;
  outcome->error = 0;
  offered = response->data;
  offered_length = length;
  /* init_groups has an allocation of its own */
  allocations_left =
      nth != 0 && word_at(request, 4) == ACTION_GROUP_BYMEMBER ? nth + 1 : nth;
  errno = EDOM;
  known = call(word_at(request, 4), id, name, buffer, size, outcome);
  outcome->saved = errno;
  allocations_left = 0;
  take_sent(outcome);
  return known;
}
