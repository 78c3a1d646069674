#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common.h"
#include "offline.h"

/* A place in a response, as long as all before it was the same. */
struct walk {
  const struct frame *response;
  size_t at;
  bool same;
};

static uint32_t next_word(struct walk *walk) {
  uint32_t word = word_at(walk->response, walk->at);

  walk->at += 4;
  if (walk->at > walk->response->length)
    walk->same = false;
  return word;
}

static void word(struct walk *walk, uint32_t is) {
  if (next_word(walk) != is)
    walk->same = false;
}

static void bytes(struct walk *walk, const void *is, size_t n) {
  if (!walk->same || walk->at > walk->response->length ||
      n > walk->response->length - walk->at ||
      memcmp(walk->response->data + walk->at, is, n) != 0)
    walk->same = false;
  walk->at += n;
}

static void text(struct walk *walk, const char *is) {
  word(walk, (uint32_t)strlen(is));
  bytes(walk, is, strlen(is));
}

static void list(struct walk *walk, char **is) {
  uint32_t count = 0;

  while (is[count] != NULL)
    count++;
  word(walk, count);
  for (uint32_t i = 0; i < count; i++)
    text(walk, is[i]);
}

static void passwd(struct walk *walk, const struct passwd *is) {
  text(walk, is->pw_name);
  text(walk, is->pw_passwd);
  word(walk, is->pw_uid);
  word(walk, is->pw_gid);
  text(walk, is->pw_gecos);
  text(walk, is->pw_dir);
  text(walk, is->pw_shell);
}

static void group(struct walk *walk, const struct group *is) {
  text(walk, is->gr_name);
  text(walk, is->gr_passwd);
  word(walk, is->gr_gid);
  list(walk, is->gr_mem);
}

static void shadow(struct walk *walk, const struct spwd *is) {
  const long numbers[] = {is->sp_lstchg, is->sp_min,   is->sp_max,
                          is->sp_warn,   is->sp_inact, is->sp_expire};

  text(walk, is->sp_namp);
  text(walk, is->sp_pwdp);
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
    word(walk, (uint32_t)numbers[i]);
  word(walk, (uint32_t)is->sp_flag);
}

static void alias(struct walk *walk, const struct aliasent *is) {
  text(walk, is->alias_name);
  list(walk, is->alias_members);
  if (is->alias_members[is->alias_members_len] != NULL || is->alias_local != 0)
    walk->same = false;
}

static void ether(struct walk *walk, const struct etherent *is) {
  text(walk, is->e_name);
  bytes(walk, &is->e_addr, sizeof is->e_addr);
}

/* An address of the response, of whatever family. */
struct address {
  uint32_t family, length;
  const unsigned char *bytes;
};

static struct address next_address(struct walk *walk) {
  struct address address = {0};

  address.family = next_word(walk);
  address.length = next_word(walk);
  if (walk->same)
    address.bytes = walk->response->data + walk->at;
  walk->at += address.length;
  if (walk->at > walk->response->length)
    walk->same = false;
  return address;
}

static bool is_ip(const struct address *address) {
  return (address->family == AF_INET && address->length == 4) ||
         (address->family == AF_INET6 && address->length == 16);
}

static void host(struct walk *walk, const struct hostent *is) {
  uint32_t count;
  char **next = is->h_addr_list;

  text(walk, is->h_name);
  list(walk, is->h_aliases);
  count = next_word(walk);
  while (walk->same && count-- > 0) {
    struct address address = next_address(walk);

    if (!walk->same || !is_ip(&address) ||
        (int)address.family != is->h_addrtype)
      continue;
    if (*next == NULL || (int)address.length != is->h_length ||
        memcmp(*next++, address.bytes, address.length) != 0)
      walk->same = false;
  }
  if (*next != NULL)
    walk->same = false;
}

/* The aliases are not in a chain of tuples. */
static void tuples(struct walk *walk, const struct gaih_addrtuple *is) {
  uint32_t count;

  text(walk, is->name);
  for (count = next_word(walk); walk->same && count > 0; count--) {
    walk->at += word_at(walk->response, walk->at);
    walk->at += 4;
  }
  count = next_word(walk);
  while (walk->same && count-- > 0) {
    struct address address = next_address(walk);

    if (!walk->same || !is_ip(&address))
      continue;
    if (is == NULL || is->family != (int)address.family ||
        memcmp(is->addr, address.bytes, address.length) != 0)
      walk->same = false;
    else
      is = is->next;
  }
  if (is != NULL)
    walk->same = false;
}

static void network(struct walk *walk, const struct netent *is) {
  uint32_t count, last = 0;

  text(walk, is->n_name);
  list(walk, is->n_aliases);
  count = next_word(walk);
  while (walk->same && count-- > 0) {
    struct address address = next_address(walk);

    if (walk->same && is_ip(&address) && address.length == 4)
      memcpy(&last, address.bytes, 4);
  }
  if (is->n_addrtype != AF_INET || is->n_net != ntohl(last))
    walk->same = false;
}

static void protocol(struct walk *walk, const struct protoent *is) {
  text(walk, is->p_name);
  list(walk, is->p_aliases);
  word(walk, (uint32_t)is->p_proto);
}

static void rpc(struct walk *walk, const struct rpcent *is) {
  text(walk, is->r_name);
  list(walk, is->r_aliases);
  word(walk, (uint32_t)is->r_number);
}

static void service(struct walk *walk, const struct servent *is) {
  text(walk, is->s_name);
  list(walk, is->s_aliases);
  word(walk, ntohs((uint16_t)is->s_port));
  text(walk, is->s_proto);
}

static void part(struct walk *walk, const char *is) {
  text(walk, is != NULL ? is : "");
}

/* member is the next member of the netgroup: at first in buffers that are too
 * small for it. */
static enum nss_status member(struct walk *walk, struct __netgrent *group) {
  char buffer[1024];
  enum nss_status status;
  size_t size = 0;
  int error;

  do
    status = _nss_goldap_getnetgrent_r(group, buffer, size++, &error);
  while (status == NSS_STATUS_TRYAGAIN && error == ERANGE &&
         size <= sizeof buffer);
  if (status == NSS_STATUS_RETURN) {
    word(walk, 3);
  } else if (status != NSS_STATUS_SUCCESS || size == 1) {
    walk->same = false;
  } else if (group->type == group_val) {
    word(walk, 1);
    text(walk, group->val.group);
  } else {
    word(walk, 2);
    part(walk, group->val.triple.host);
    part(walk, group->val.triple.user);
    part(walk, group->val.triple.domain);
  }
  return status;
}

/* netgroup goes through the members and ends the netgroup. */
static void netgroup(struct walk *walk, const struct __netgrent *is) {
  struct __netgrent group = *is;

  walk->at += 4 + word_at(walk->response, walk->at);
  while (walk->same && member(walk, &group) == NSS_STATUS_SUCCESS)
    ;
  if (_nss_goldap_endnetgrent(&group) != NSS_STATUS_SUCCESS ||
      group.data != NULL)
    abort();
}

/* gids goes through the entries of all the response, in which members are left
 * out. */
static void gids(struct walk *walk, const struct outcome *outcome) {
  long i = 1;

  do {
    walk->at += 4 + word_at(walk->response, walk->at);
    walk->at += 4 + word_at(walk->response, walk->at);
    word(walk, outcome->gids[i]);
    for (uint32_t members = next_word(walk); walk->same && members > 0;
         members--)
      walk->at += 4 + word_at(walk->response, walk->at);
  } while (++i <= outcome->count &&
           next_word(walk) == (uint32_t)WIRE_RESULT_BEGIN);
  if (i != outcome->count)
    walk->same = false;
}

static void skip_text(struct walk *walk) { walk->at += next_word(walk); }

/* has_ipv4 goes behind a host or a network. */
static bool has_ipv4(struct walk *walk) {
  bool has = false;

  skip_text(walk);
  for (uint32_t i = next_word(walk); walk->same && i > 0; i--)
    skip_text(walk);
  for (uint32_t i = next_word(walk); walk->same && i > 0; i--) {
    struct address address = next_address(walk);

    has = has || (is_ip(&address) && address.family == AF_INET);
  }
  return has;
}

void pass_over(uint32_t action, const struct frame *response, size_t *at) {
  struct walk walk = {response, *at, true};

  if (action != ACTION_HOST_ALL && action != ACTION_NETWORK_ALL)
    return;
  while (next_word(&walk) == (uint32_t)WIRE_RESULT_BEGIN && walk.same &&
         !has_ipv4(&walk) && walk.same)
    *at = walk.at;
}

bool same_entry(uint32_t action, enum variant variant,
                const struct outcome *outcome, const struct frame *response,
                size_t *at) {
  struct walk walk = {response, *at, true};

  if (action == ACTION_GROUP_BYMEMBER)
    gids(&walk, outcome);
  else if (action == ACTION_HOST_BYNAME && variant == VARIANT_BOTH)
    tuples(&walk, outcome->entry.tuples);
  else
    switch (action >> 16) {
    case ACTION_ALIAS_ALL >> 16:
      alias(&walk, &outcome->entry.alias);
      break;
    case ACTION_ETHER_ALL >> 16:
      ether(&walk, &outcome->entry.ether);
      break;
    case ACTION_GROUP_ALL >> 16:
      group(&walk, &outcome->entry.group);
      break;
    case ACTION_HOST_ALL >> 16:
      host(&walk, &outcome->entry.host);
      break;
    case ACTION_NETGROUP_BYNAME >> 16:
      netgroup(&walk, &outcome->entry.netgroup);
      break;
    case ACTION_NETWORK_ALL >> 16:
      network(&walk, &outcome->entry.network);
      break;
    case ACTION_PASSWD_ALL >> 16:
      passwd(&walk, &outcome->entry.passwd);
      break;
    case ACTION_PROTOCOL_ALL >> 16:
      protocol(&walk, &outcome->entry.protocol);
      break;
    case ACTION_RPC_ALL >> 16:
      rpc(&walk, &outcome->entry.rpc);
      break;
    case ACTION_SERVICE_ALL >> 16:
      service(&walk, &outcome->entry.service);
      break;
    case ACTION_SHADOW_ALL >> 16:
      shadow(&walk, &outcome->entry.shadow);
      break;
    default:
      walk.same = false;
    }
  *at = walk.at;
  return walk.same && walk.at <= response->length;
}
