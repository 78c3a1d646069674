#define _GNU_SOURCE
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "common.h"

/* The addresses of an entry that are of a family, or of both. */
struct addresses {
  size_t offset, bytes; /* where the first one is; what they have together */
  uint32_t count, wanted;
};

struct entry {
  struct text name;
  struct list aliases;
  struct addresses addresses;
};

/* length_of is how many bytes an address of a family has, or 0. */
static size_t length_of(int family) {
  switch (family) {
  case AF_INET:
    return sizeof(struct in_addr);
  case AF_INET6:
    return sizeof(struct in6_addr);
  default:
    return 0;
  }
}

/* fits is whether an address is one of the wanted family. The daemon sends
 * others for values that it cannot read. */
static bool fits(int family, int wanted, size_t length) {
  return (wanted == AF_UNSPEC || family == wanted) && length != 0 &&
         length == length_of(family);
}

static bool read_addresses(struct lookup *lookup, int wanted,
                           struct addresses *addresses) {
  uint32_t count;

  if (!goldap_read_count(lookup, &count))
    return false;
  *addresses = (struct addresses){.offset = lookup->position - lookup->entry,
                                  .count = count};
  for (uint32_t i = 0; i < count; i++) {
    int32_t family;
    size_t offset, length;

    if (!goldap_read_address(lookup, &family, &offset, &length))
      return false;
    if (fits(family, wanted, length)) {
      addresses->wanted++;
      addresses->bytes += length;
    }
  }
  return true;
}

static bool read_entry(struct lookup *lookup, int wanted, struct entry *entry) {
  return goldap_read_name(lookup, &entry->name) &&
         goldap_read_list(lookup, &entry->aliases) &&
         read_addresses(lookup, wanted, &entry->addresses);
}

/* next_address goes from one wanted address to the next, in an entry that has
 * been read. The position is where it begins. */
static const unsigned char *next_address(struct lookup *lookup, int wanted,
                                         int32_t *family) {
  size_t offset, length;

  do
    if (!goldap_read_address(lookup, family, &offset, &length))
      return NULL;
  while (!fits(*family, wanted, length));
  return lookup->data + lookup->entry + offset;
}

/* What to read into a struct hostent. */
struct host {
  struct hostent *result;
  int family;
};

/* pack_addresses fills the list, which lies in front of the addresses. */
static void pack_addresses(struct lookup *lookup, const struct entry *entry,
                           struct host *host, struct place *place) {
  size_t length = length_of(host->family);
  char **list = host->result->h_addr_list;
  size_t end = lookup->position;
  int32_t family;

  lookup->position = lookup->entry + entry->addresses.offset;
  for (uint32_t i = 0; i < entry->addresses.wanted; i++) {
    const unsigned char *address = next_address(lookup, host->family, &family);

    list[i] = goldap_reserve(place, length);
    if (address != NULL)
      memcpy(list[i], address, length);
  }
  lookup->position = end;
  list[entry->addresses.wanted] = NULL;
  host->result->h_addrtype = host->family;
  host->result->h_length = (int)length;
}

static size_t size_of(const struct entry *entry) {
  return goldap_array_size(&entry->aliases) +
         ((size_t)entry->addresses.wanted + 1) * sizeof(char *) +
         entry->addresses.bytes + entry->aliases.bytes + entry->name.length + 1;
}

/* read_host packs the arrays, then the addresses, which are aligned thereby,
 * then the strings. */
static enum nss_status read_host(struct lookup *lookup, void *data,
                                 struct place place) {
  struct host *host = data;
  struct entry entry;

  if (!read_entry(lookup, host->family, &entry))
    return NSS_STATUS_UNAVAIL;
  if (entry.addresses.wanted == 0)
    return NSS_STATUS_NOTFOUND;
  if (goldap_padding(&place) + size_of(&entry) > place.size)
    return NSS_STATUS_TRYAGAIN;
  host->result->h_aliases = goldap_reserve_array(&place, &entry.aliases);
  host->result->h_addr_list = goldap_reserve(
      &place, ((size_t)entry.addresses.wanted + 1) * sizeof(char *));
  pack_addresses(lookup, &entry, host, &place);
  host->result->h_name = goldap_pack(lookup, entry.name, &place);
  goldap_pack_list(lookup, entry.aliases, host->result->h_aliases, &place);
  return NSS_STATUS_SUCCESS;
}

/* pack_tuples is for getaddrinfo, which wants a chain. */
static void pack_tuples(struct lookup *lookup, const struct entry *entry,
                        struct gaih_addrtuple *tuples, char *name) {
  int32_t family;

  lookup->position = lookup->entry + entry->addresses.offset;
  for (uint32_t i = 0; i < entry->addresses.wanted; i++) {
    const unsigned char *address = next_address(lookup, AF_UNSPEC, &family);

    tuples[i] = (struct gaih_addrtuple){.next = &tuples[i + 1], .name = name};
    tuples[i].family = family;
    if (address != NULL)
      memcpy(tuples[i].addr, address, length_of(family));
  }
  tuples[entry->addresses.wanted - 1].next = NULL;
}

static enum nss_status read_tuples(struct lookup *lookup, void *data,
                                   struct place place) {
  struct gaih_addrtuple **result = data, *tuples;
  struct entry entry;
  size_t size;

  if (!read_entry(lookup, AF_UNSPEC, &entry))
    return NSS_STATUS_UNAVAIL;
  if (entry.addresses.wanted == 0)
    return NSS_STATUS_NOTFOUND;
  size = entry.addresses.wanted * sizeof *tuples;
  if (goldap_padding(&place) + size + entry.name.length + 1 > place.size)
    return NSS_STATUS_TRYAGAIN;
  goldap_reserve(&place, goldap_padding(&place));
  tuples = goldap_reserve(&place, size);
  pack_tuples(lookup, &entry, tuples, goldap_pack(lookup, entry.name, &place));
  /* The C library may have a first tuple of its own. */
  if (*result == NULL)
    *result = tuples;
  else
    **result = *tuples;
  return NSS_STATUS_SUCCESS;
}

enum nss_status NSS(gethostbyname3_r)(const char *name, int family,
                                      struct hostent *result, char *buffer,
                                      size_t size, int *errnop, int *h_errnop,
                                      int32_t *ttl, char **canonical) {
  struct reply reply = {{buffer, size}, errnop, h_errnop};
  struct host host = {result, family};
  struct lookup lookup;
  enum nss_status status;

  (void)ttl; /* nobody has said for how long it is true */
  if (length_of(family) == 0)
    return goldap_no_family(reply);
  goldap_begin(&lookup, ACTION_HOST_BYNAME);
  goldap_put_name(&lookup, name);
  status = goldap_find(&lookup, read_host, &host, reply);
  if (status == NSS_STATUS_SUCCESS && canonical != NULL)
    *canonical = result->h_name;
  return status;
}

enum nss_status NSS(gethostbyname2_r)(const char *name, int family,
                                      struct hostent *result, char *buffer,
                                      size_t size, int *errnop, int *h_errnop) {
  return NSS(gethostbyname3_r)(name, family, result, buffer, size, errnop,
                               h_errnop, NULL, NULL);
}

enum nss_status NSS(gethostbyname_r)(const char *name, struct hostent *result,
                                     char *buffer, size_t size, int *errnop,
                                     int *h_errnop) {
  return NSS(gethostbyname2_r)(name, AF_INET, result, buffer, size, errnop,
                               h_errnop);
}

enum nss_status NSS(gethostbyname4_r)(const char *name,
                                      struct gaih_addrtuple **result,
                                      char *buffer, size_t size, int *errnop,
                                      int *h_errnop, int32_t *ttl) {
  struct lookup lookup;

  (void)ttl;
  goldap_begin(&lookup, ACTION_HOST_BYNAME);
  goldap_put_name(&lookup, name);
  return goldap_find(&lookup, read_tuples, result,
                     (struct reply){{buffer, size}, errnop, h_errnop});
}

enum nss_status NSS(gethostbyaddr_r)(const void *address, socklen_t length,
                                     int family, struct hostent *result,
                                     char *buffer, size_t size, int *errnop,
                                     int *h_errnop) {
  struct reply reply = {{buffer, size}, errnop, h_errnop};
  struct host host = {result, family};
  struct lookup lookup;

  if (length == 0 || length != length_of(family))
    return goldap_no_family(reply);
  goldap_begin(&lookup, ACTION_HOST_BYADDR);
  goldap_put_address(&lookup, family, address, length);
  return goldap_find(&lookup, read_host, &host, reply);
}

enum nss_status NSS(sethostent)(int stayopen) {
  (void)stayopen;
  return goldap_rewind(MAP_HOSTS);
}

/* There is no way to ask for a family: the list has IPv4 only. */
enum nss_status NSS(gethostent_r)(struct hostent *result, char *buffer,
                                  size_t size, int *errnop, int *h_errnop) {
  struct host host = {result, AF_INET};

  return goldap_get(MAP_HOSTS, ACTION_HOST_ALL, read_host, &host,
                    (struct reply){{buffer, size}, errnop, h_errnop});
}

enum nss_status NSS(endhostent)(void) { return goldap_rewind(MAP_HOSTS); }
