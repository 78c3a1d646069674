#define _GNU_SOURCE
#include "common.h"

static enum nss_status read_ether(struct lookup *lookup, void *data,
                                  struct place place) {
  struct etherent *result = data;
  struct ether_addr address;
  struct text name;

  if (!goldap_read_name(lookup, &name) ||
      !goldap_read_bytes(lookup, &address, sizeof address))
    return NSS_STATUS_UNAVAIL;
  if (name.length + 1 > place.size)
    return NSS_STATUS_TRYAGAIN;
  result->e_name = goldap_pack(lookup, name, &place);
  result->e_addr = address;
  return NSS_STATUS_SUCCESS;
}

enum nss_status NSS(gethostton_r)(const char *name, struct etherent *result,
                                  char *buffer, size_t size, int *errnop) {
  struct lookup lookup;

  goldap_begin(&lookup, ACTION_ETHER_BYNAME);
  goldap_put_name(&lookup, name);
  return goldap_find(&lookup, read_ether, result,
                     (struct reply){{buffer, size}, errnop, NULL});
}

enum nss_status NSS(getntohost_r)(const struct ether_addr *address,
                                  struct etherent *result, char *buffer,
                                  size_t size, int *errnop) {
  struct lookup lookup;

  goldap_begin(&lookup, ACTION_ETHER_BYETHER);
  wire_put_bytes(&lookup.request, address, sizeof *address);
  return goldap_find(&lookup, read_ether, result,
                     (struct reply){{buffer, size}, errnop, NULL});
}

enum nss_status NSS(setetherent)(int stayopen) {
  (void)stayopen;
  return goldap_rewind(MAP_ETHERS);
}

enum nss_status NSS(getetherent_r)(struct etherent *result, char *buffer,
                                   size_t size, int *errnop) {
  return goldap_get(MAP_ETHERS, ACTION_ETHER_ALL, read_ether, result,
                    (struct reply){{buffer, size}, errnop, NULL});
}

enum nss_status NSS(endetherent)(void) { return goldap_rewind(MAP_ETHERS); }
