#define _GNU_SOURCE
#include "offline.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"
#include "thread.h"

static const unsigned char *offered;
static size_t offered_length;
static int daemon_end = -1, allocations_left;

int __wrap_wire_connect(const char *path, wire_time deadline);
void *__wrap_malloc(size_t size);
void *__real_malloc(size_t size);

int __wrap_wire_connect(const char *path, wire_time deadline) {
  int pair[2];

  (void)deadline;
  if (strcmp(path, "/run/goldap/socket") != 0 || daemon_end >= 0 ||
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

void take_sent(struct outcome *outcome) {
  ssize_t n;

  outcome->sent.length = 0;
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

void forget_kept(void) { goldap_recall(&(struct lookup){.fd = -1}); }

uint32_t word_at(const struct frame *frame, size_t offset) {
  const unsigned char *b;

  if (offset > frame->length || frame->length - offset < 4)
    return 0;
  b = frame->data + offset;
  return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 |
         b[3];
}

/* What a request asks: its strings, or its number. */
struct question {
  uint32_t action, number;
  enum variant variant;
  char text[FRAME_BYTES], second[FRAME_BYTES];
  const unsigned char *bytes; /* behind the action */
};

/* read_text copies the string at an offset, if there is one, and returns where
 * it ends. */
static size_t read_text(const struct frame *request, size_t at, char *text) {
  uint32_t length = word_at(request, at);

  *text = '\0';
  if (at + 4 > request->length || length > request->length - at - 4)
    return at;
  memcpy(text, request->data + at + 4, length);
  text[length] = '\0';
  return at + 4 + length;
}

static void read_question(const struct offer *offer, struct question *q) {
  size_t at;

  q->action = word_at(offer->request, 4);
  q->number = word_at(offer->request, 8);
  q->variant = offer->variant;
  q->bytes = offer->request->data + 8;
  at = read_text(offer->request, 8, q->text);
  read_text(offer->request, q->action == ACTION_SERVICE_BYNUMBER ? 12 : at,
            q->second);
}

static enum nss_status init_groups(const char *name, struct outcome *outcome) {
  long room = 1;
  gid_t *groups = __real_malloc(sizeof *groups);
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

static enum nss_status ask_host(const struct question *q, struct outcome *o,
                                char *buffer, size_t size) {
  if (q->action == ACTION_HOST_BYADDR)
    return _nss_goldap_gethostbyaddr_r(q->bytes + 8, (socklen_t)q->bytes[7],
                                       (int)q->number, &o->entry.host, buffer,
                                       size, &o->error, &o->host_error);
  if (q->variant == VARIANT_BOTH) {
    struct gaih_addrtuple *tuples = NULL;
    enum nss_status status = _nss_goldap_gethostbyname4_r(
        q->text, &tuples, buffer, size, &o->error, &o->host_error, NULL);

    if (tuples != NULL)
      o->entry.tuples = tuples;
    return status;
  }
  if (q->variant == VARIANT_IPV6)
    return _nss_goldap_gethostbyname2_r(q->text, AF_INET6, &o->entry.host,
                                        buffer, size, &o->error,
                                        &o->host_error);
  return _nss_goldap_gethostbyname_r(q->text, &o->entry.host, buffer, size,
                                     &o->error, &o->host_error);
}

static enum nss_status set_netgroup(const char *name, struct outcome *o) {
  struct __netgrent netgroup = {0};
  enum nss_status status = _nss_goldap_setnetgrent(name, &netgroup);

  if (status == NSS_STATUS_SUCCESS)
    o->entry.netgroup = netgroup;
  else if (netgroup.data != NULL || netgroup.data_size != 0)
    abort(); /* glibc would, too */
  return status;
}

/* call finds the function for the action. */
static bool call(const struct question *q, char *buffer, size_t size,
                 struct outcome *o) {
  int *error = &o->error;

  switch (q->action) {
  case ACTION_ALIAS_BYNAME:
    o->status = _nss_goldap_getaliasbyname_r(q->text, &o->entry.alias, buffer,
                                             size, error);
    return true;
  case ACTION_ETHER_BYNAME:
    o->status =
        _nss_goldap_gethostton_r(q->text, &o->entry.ether, buffer, size, error);
    return true;
  case ACTION_ETHER_BYETHER:
    o->status = _nss_goldap_getntohost_r((const struct ether_addr *)q->bytes,
                                         &o->entry.ether, buffer, size, error);
    return true;
  case ACTION_GROUP_BYNAME:
    o->status =
        _nss_goldap_getgrnam_r(q->text, &o->entry.group, buffer, size, error);
    return true;
  case ACTION_GROUP_BYGID:
    o->status =
        _nss_goldap_getgrgid_r(q->number, &o->entry.group, buffer, size, error);
    return true;
  case ACTION_GROUP_BYMEMBER:
    o->status = init_groups(q->text, o);
    return true;
  case ACTION_HOST_BYNAME:
  case ACTION_HOST_BYADDR:
    o->status = ask_host(q, o, buffer, size);
    return true;
  case ACTION_NETGROUP_BYNAME:
    o->status = set_netgroup(q->text, o);
    return true;
  case ACTION_NETWORK_BYNAME:
    o->status = _nss_goldap_getnetbyname_r(q->text, &o->entry.network, buffer,
                                           size, error, &o->host_error);
    return true;
  case ACTION_NETWORK_BYADDR: {
    uint32_t number;

    memcpy(&number, q->bytes + 8, sizeof number);
    o->status =
        _nss_goldap_getnetbyaddr_r(ntohl(number), AF_INET, &o->entry.network,
                                   buffer, size, error, &o->host_error);
    return true;
  }
  case ACTION_PASSWD_BYNAME:
    o->status =
        _nss_goldap_getpwnam_r(q->text, &o->entry.passwd, buffer, size, error);
    return true;
  case ACTION_PASSWD_BYUID:
    o->status = _nss_goldap_getpwuid_r(q->number, &o->entry.passwd, buffer,
                                       size, error);
    return true;
  case ACTION_PROTOCOL_BYNAME:
    o->status = _nss_goldap_getprotobyname_r(q->text, &o->entry.protocol,
                                             buffer, size, error);
    return true;
  case ACTION_PROTOCOL_BYNUMBER:
    o->status = _nss_goldap_getprotobynumber_r(
        (int)q->number, &o->entry.protocol, buffer, size, error);
    return true;
  case ACTION_RPC_BYNAME:
    o->status =
        _nss_goldap_getrpcbyname_r(q->text, &o->entry.rpc, buffer, size, error);
    return true;
  case ACTION_RPC_BYNUMBER:
    o->status = _nss_goldap_getrpcbynumber_r((int)q->number, &o->entry.rpc,
                                             buffer, size, error);
    return true;
  case ACTION_SERVICE_BYNAME:
    o->status = _nss_goldap_getservbyname_r(
        q->text, q->second, &o->entry.service, buffer, size, error);
    return true;
  case ACTION_SERVICE_BYNUMBER:
    o->status = _nss_goldap_getservbyport_r(
        htons((uint16_t)q->number), *q->second != '\0' ? q->second : NULL,
        &o->entry.service, buffer, size, error);
    return true;
  case ACTION_SHADOW_BYNAME:
    o->status =
        _nss_goldap_getspnam_r(q->text, &o->entry.shadow, buffer, size, error);
    return true;
  default:
    return false;
  }
}

/* clear fills what a call must not touch if it fails. */
static void clear(struct outcome *outcome) {
  memset(&outcome->entry, 0xa5, sizeof outcome->entry);
  outcome->error = outcome->host_error = 0;
}

bool look_up(const struct offer *offer, char *buffer, size_t size,
             struct outcome *outcome) {
  static struct question question;
  bool known;

  read_question(offer, &question);
  clear(outcome);
  offer_answer(offer);
  errno = EDOM;
  known = call(&question, buffer, size, outcome);
  outcome->saved = errno;
  allocations_left = 0;
  take_sent(outcome);
  return known;
}

void offer_answer(const struct offer *offer) {
  offered = offer->response->data;
  offered_length = offer->length;
  allocations_left = offer->failing;
}

void get_next(const struct enumeration *enumeration, char *buffer, size_t size,
              struct outcome *outcome) {
  clear(outcome);
  errno = EDOM;
  outcome->status = enumeration->get(outcome, buffer, size);
  outcome->saved = errno;
  outcome->connected = daemon_end >= 0;
}

/* The functions of every map, in one shape. */
#define ENUMERATION(what, field, set_arguments, ...)                           \
  static enum nss_status set_##what(void) {                                    \
    return _nss_goldap_set##what set_arguments;                                \
  }                                                                            \
  static enum nss_status get_##what(struct outcome *o, char *buffer,           \
                                    size_t size) {                             \
    return _nss_goldap_get##what##_r(&o->entry.field, buffer, size,            \
                                     __VA_ARGS__);                             \
  }
ENUMERATION(aliasent, alias, (), &o->error)
ENUMERATION(etherent, ether, (0), &o->error)
ENUMERATION(grent, group, (0), &o->error)
ENUMERATION(hostent, host, (0), &o->error, &o->host_error)
ENUMERATION(netent, network, (0), &o->error, &o->host_error)
ENUMERATION(pwent, passwd, (0), &o->error)
ENUMERATION(protoent, protocol, (0), &o->error)
ENUMERATION(rpcent, rpc, (0), &o->error)
ENUMERATION(servent, service, (0), &o->error)
ENUMERATION(spent, shadow, (0), &o->error)

static const struct enumeration enumerations[] = {
    {ACTION_ALIAS_ALL, set_aliasent, get_aliasent, _nss_goldap_endaliasent},
    {ACTION_ETHER_ALL, set_etherent, get_etherent, _nss_goldap_endetherent},
    {ACTION_GROUP_ALL, set_grent, get_grent, _nss_goldap_endgrent},
    {ACTION_HOST_ALL, set_hostent, get_hostent, _nss_goldap_endhostent},
    {ACTION_NETWORK_ALL, set_netent, get_netent, _nss_goldap_endnetent},
    {ACTION_PASSWD_ALL, set_pwent, get_pwent, _nss_goldap_endpwent},
    {ACTION_PROTOCOL_ALL, set_protoent, get_protoent, _nss_goldap_endprotoent},
    {ACTION_RPC_ALL, set_rpcent, get_rpcent, _nss_goldap_endrpcent},
    {ACTION_SERVICE_ALL, set_servent, get_servent, _nss_goldap_endservent},
    {ACTION_SHADOW_ALL, set_spent, get_spent, _nss_goldap_endspent},
};

const struct enumeration *enumeration_of(uint32_t action) {
  for (size_t i = 0; i < sizeof enumerations / sizeof enumerations[0]; i++)
    if (enumerations[i].action == action)
      return &enumerations[i];
  return NULL;
}
