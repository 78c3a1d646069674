#define _GNU_SOURCE
#include "common.h"

struct entry {
  struct text name;
  struct list aliases;
  int32_t number;
};

static enum nss_status read_protocol(struct lookup *lookup, void *data,
                                     struct place place) {
  struct protoent *result = data;
  struct entry entry;

  if (!goldap_read_name(lookup, &entry.name) ||
      !goldap_read_list(lookup, &entry.aliases) ||
      !goldap_read_int32(lookup, &entry.number))
    return NSS_STATUS_UNAVAIL;
  if (goldap_padding(&place) + goldap_array_size(&entry.aliases) +
          entry.aliases.bytes + entry.name.length + 1 >
      place.size)
    return NSS_STATUS_TRYAGAIN;
  result->p_aliases = goldap_reserve_array(&place, &entry.aliases);
  result->p_name = goldap_pack(lookup, entry.name, &place);
  goldap_pack_list(lookup, entry.aliases, result->p_aliases, &place);
  result->p_proto = entry.number;
  return NSS_STATUS_SUCCESS;
}

enum nss_status NSS(getprotobyname_r)(const char *name, struct protoent *result,
                                      char *buffer, size_t size, int *errnop) {
  struct lookup lookup;

  goldap_begin(&lookup, ACTION_PROTOCOL_BYNAME);
  goldap_put_name(&lookup, name);
  return goldap_find(&lookup, read_protocol, result,
                     (struct reply){{buffer, size}, errnop, NULL});
}

enum nss_status NSS(getprotobynumber_r)(int number, struct protoent *result,
                                        char *buffer, size_t size,
                                        int *errnop) {
  struct lookup lookup;

  goldap_begin(&lookup, ACTION_PROTOCOL_BYNUMBER);
  wire_put_int32(&lookup.request, number);
  return goldap_find(&lookup, read_protocol, result,
                     (struct reply){{buffer, size}, errnop, NULL});
}

enum nss_status NSS(setprotoent)(int stayopen) {
  (void)stayopen;
  return goldap_rewind(MAP_PROTOCOLS);
}

enum nss_status NSS(getprotoent_r)(struct protoent *result, char *buffer,
                                   size_t size, int *errnop) {
  return goldap_get(MAP_PROTOCOLS, ACTION_PROTOCOL_ALL, read_protocol, result,
                    (struct reply){{buffer, size}, errnop, NULL});
}

enum nss_status NSS(endprotoent)(void) { return goldap_rewind(MAP_PROTOCOLS); }
