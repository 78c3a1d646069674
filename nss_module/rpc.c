#define _GNU_SOURCE
#include "common.h"

struct entry {
  struct text name;
  struct list aliases;
  int32_t number;
};

static enum nss_status read_rpc(struct lookup *lookup, void *data,
                                struct place place) {
  struct rpcent *result = data;
  struct entry entry;

  if (!goldap_read_name(lookup, &entry.name) ||
      !goldap_read_list(lookup, &entry.aliases) ||
      !goldap_read_int32(lookup, &entry.number))
    return NSS_STATUS_UNAVAIL;
  if (goldap_padding(&place) + goldap_array_size(&entry.aliases) +
          entry.aliases.bytes + entry.name.length + 1 >
      place.size)
    return NSS_STATUS_TRYAGAIN;
  result->r_aliases = goldap_reserve_array(&place, &entry.aliases);
  result->r_name = goldap_pack(lookup, entry.name, &place);
  goldap_pack_list(lookup, entry.aliases, result->r_aliases, &place);
  result->r_number = entry.number;
  return NSS_STATUS_SUCCESS;
}

enum nss_status NSS(getrpcbyname_r)(const char *name, struct rpcent *result,
                                    char *buffer, size_t size, int *errnop) {
  struct lookup lookup;

  goldap_begin(&lookup, ACTION_RPC_BYNAME);
  goldap_put_name(&lookup, name);
  return goldap_find(&lookup, read_rpc, result,
                     (struct reply){{buffer, size}, errnop, NULL});
}

enum nss_status NSS(getrpcbynumber_r)(int number, struct rpcent *result,
                                      char *buffer, size_t size, int *errnop) {
  struct lookup lookup;

  goldap_begin(&lookup, ACTION_RPC_BYNUMBER);
  wire_put_int32(&lookup.request, number);
  return goldap_find(&lookup, read_rpc, result,
                     (struct reply){{buffer, size}, errnop, NULL});
}

enum nss_status NSS(setrpcent)(int stayopen) {
  (void)stayopen;
  return goldap_rewind(MAP_RPC);
}

enum nss_status NSS(getrpcent_r)(struct rpcent *result, char *buffer,
                                 size_t size, int *errnop) {
  return goldap_get(MAP_RPC, ACTION_RPC_ALL, read_rpc, result,
                    (struct reply){{buffer, size}, errnop, NULL});
}

enum nss_status NSS(endrpcent)(void) { return goldap_rewind(MAP_RPC); }
