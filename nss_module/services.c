#define _GNU_SOURCE
#include <arpa/inet.h>

#include "common.h"

struct entry {
  struct text name, protocol;
  struct list aliases;
  int32_t port;
};

static bool read_entry(struct lookup *lookup, struct entry *entry) {
  return goldap_read_name(lookup, &entry->name) &&
         goldap_read_list(lookup, &entry->aliases) &&
         goldap_read_int32(lookup, &entry->port) && entry->port >= 0 &&
         entry->port <= UINT16_MAX &&
         goldap_read_text(lookup, &entry->protocol);
}

static enum nss_status read_service(struct lookup *lookup, void *data,
                                    struct place place) {
  struct servent *result = data;
  struct entry entry;

  if (!read_entry(lookup, &entry))
    return NSS_STATUS_UNAVAIL;
  if (goldap_padding(&place) + goldap_array_size(&entry.aliases) +
          entry.aliases.bytes + entry.name.length + entry.protocol.length + 2 >
      place.size)
    return NSS_STATUS_TRYAGAIN;
  result->s_aliases = goldap_reserve_array(&place, &entry.aliases);
  result->s_name = goldap_pack(lookup, entry.name, &place);
  result->s_proto = goldap_pack(lookup, entry.protocol, &place);
  result->s_port = htons((uint16_t)entry.port);
  goldap_pack_list(lookup, entry.aliases, result->s_aliases, &place);
  return NSS_STATUS_SUCCESS;
}

enum nss_status NSS(getservbyname_r)(const char *name, const char *protocol,
                                     struct servent *result, char *buffer,
                                     size_t size, int *errnop) {
  struct lookup lookup;

  goldap_begin(&lookup, ACTION_SERVICE_BYNAME);
  goldap_put_name(&lookup, name);
  goldap_put_name(&lookup, protocol != NULL ? protocol : "");
  return goldap_find(&lookup, read_service, result,
                     (struct reply){{buffer, size}, errnop, NULL});
}

enum nss_status NSS(getservbyport_r)(int port, const char *protocol,
                                     struct servent *result, char *buffer,
                                     size_t size, int *errnop) {
  struct lookup lookup;

  goldap_begin(&lookup, ACTION_SERVICE_BYNUMBER);
  wire_put_int32(&lookup.request, ntohs((uint16_t)port));
  goldap_put_name(&lookup, protocol != NULL ? protocol : "");
  return goldap_find(&lookup, read_service, result,
                     (struct reply){{buffer, size}, errnop, NULL});
}

enum nss_status NSS(setservent)(int stayopen) {
  (void)stayopen;
  return goldap_rewind(MAP_SERVICES);
}

enum nss_status NSS(getservent_r)(struct servent *result, char *buffer,
                                  size_t size, int *errnop) {
  return goldap_get(MAP_SERVICES, ACTION_SERVICE_ALL, read_service, result,
                    (struct reply){{buffer, size}, errnop, NULL});
}

enum nss_status NSS(endservent)(void) { return goldap_rewind(MAP_SERVICES); }
