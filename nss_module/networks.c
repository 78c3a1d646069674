#define _GNU_SOURCE
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "common.h"

struct entry {
  struct text name;
  struct list aliases;
  bool found;         /* there is a number */
  struct in_addr net; /* the last one */
};

/* read_net takes IPv4 numbers: struct netent has room for no other. */
static bool read_net(struct lookup *lookup, struct entry *entry) {
  uint32_t count;

  entry->found = false;
  if (!goldap_read_count(lookup, &count))
    return false;
  while (count-- > 0) {
    int32_t family;
    size_t offset, length;

    if (!goldap_read_address(lookup, &family, &offset, &length))
      return false;
    if (family != AF_INET || length != sizeof entry->net)
      continue;
    memcpy(&entry->net, lookup->data + lookup->entry + offset, length);
    entry->found = true;
  }
  return true;
}

static enum nss_status read_network(struct lookup *lookup, void *data,
                                    struct place place) {
  struct netent *result = data;
  struct entry entry;

  if (!goldap_read_name(lookup, &entry.name) ||
      !goldap_read_list(lookup, &entry.aliases) || !read_net(lookup, &entry))
    return NSS_STATUS_UNAVAIL;
  if (!entry.found)
    return NSS_STATUS_NOTFOUND;
  if (goldap_padding(&place) + goldap_array_size(&entry.aliases) +
          entry.aliases.bytes + entry.name.length + 1 >
      place.size)
    return NSS_STATUS_TRYAGAIN;
  result->n_aliases = goldap_reserve_array(&place, &entry.aliases);
  result->n_name = goldap_pack(lookup, entry.name, &place);
  goldap_pack_list(lookup, entry.aliases, result->n_aliases, &place);
  result->n_addrtype = AF_INET;
  result->n_net = ntohl(entry.net.s_addr);
  return NSS_STATUS_SUCCESS;
}

enum nss_status NSS(getnetbyname_r)(const char *name, struct netent *result,
                                    char *buffer, size_t size, int *errnop,
                                    int *h_errnop) {
  struct lookup lookup;

  goldap_begin(&lookup, ACTION_NETWORK_BYNAME);
  goldap_put_name(&lookup, name);
  return goldap_find(&lookup, read_network, result,
                     (struct reply){{buffer, size}, errnop, h_errnop});
}

/* The number is 32 bits in host order, whatever the family. */
enum nss_status NSS(getnetbyaddr_r)(uint32_t network, int family,
                                    struct netent *result, char *buffer,
                                    size_t size, int *errnop, int *h_errnop) {
  struct in_addr address = {htonl(network)};
  struct lookup lookup;

  (void)family;
  goldap_begin(&lookup, ACTION_NETWORK_BYADDR);
  goldap_put_address(&lookup, AF_INET, &address, sizeof address);
  return goldap_find(&lookup, read_network, result,
                     (struct reply){{buffer, size}, errnop, h_errnop});
}

enum nss_status NSS(setnetent)(int stayopen) {
  (void)stayopen;
  return goldap_rewind(MAP_NETWORKS);
}

enum nss_status NSS(getnetent_r)(struct netent *result, char *buffer,
                                 size_t size, int *errnop, int *h_errnop) {
  return goldap_get(MAP_NETWORKS, ACTION_NETWORK_ALL, read_network, result,
                    (struct reply){{buffer, size}, errnop, h_errnop});
}

enum nss_status NSS(endnetent)(void) { return goldap_rewind(MAP_NETWORKS); }
