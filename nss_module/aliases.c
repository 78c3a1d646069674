#define _GNU_SOURCE
#include "common.h"

struct entry {
  struct text name;
  struct list recipients;
};

static enum nss_status read_alias(struct lookup *lookup, void *data,
                                  struct place place) {
  struct aliasent *result = data;
  struct entry entry;

  if (!goldap_read_name(lookup, &entry.name) ||
      !goldap_read_list(lookup, &entry.recipients))
    return NSS_STATUS_UNAVAIL;
  if (goldap_padding(&place) + goldap_array_size(&entry.recipients) +
          entry.recipients.bytes + entry.name.length + 1 >
      place.size)
    return NSS_STATUS_TRYAGAIN;
  result->alias_members = goldap_reserve_array(&place, &entry.recipients);
  result->alias_members_len = entry.recipients.count;
  result->alias_name = goldap_pack(lookup, entry.name, &place);
  goldap_pack_list(lookup, entry.recipients, result->alias_members, &place);
  result->alias_local = 0;
  return NSS_STATUS_SUCCESS;
}

enum nss_status NSS(getaliasbyname_r)(const char *name, struct aliasent *result,
                                      char *buffer, size_t size, int *errnop) {
  struct lookup lookup;

  goldap_begin(&lookup, ACTION_ALIAS_BYNAME);
  goldap_put_name(&lookup, name);
  return goldap_find(&lookup, read_alias, result,
                     (struct reply){{buffer, size}, errnop, NULL});
}

enum nss_status NSS(setaliasent)(void) { return goldap_rewind(MAP_ALIASES); }

enum nss_status NSS(getaliasent_r)(struct aliasent *result, char *buffer,
                                   size_t size, int *errnop) {
  return goldap_get(MAP_ALIASES, ACTION_ALIAS_ALL, read_alias, result,
                    (struct reply){{buffer, size}, errnop, NULL});
}

enum nss_status NSS(endaliasent)(void) { return goldap_rewind(MAP_ALIASES); }
