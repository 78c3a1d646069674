#define _GNU_SOURCE
#include <stdlib.h>

#include "common.h"

enum { FIRST_GROUPS = 64, GROUPS_MAX = 65536 }; /* Linux: NGROUPS_MAX */

struct entry {
  struct text name, password;
  int32_t gid;
  struct list members;
};

static bool read_entry(struct lookup *lookup, struct entry *entry) {
  return goldap_read_name(lookup, &entry->name) &&
         goldap_read_text(lookup, &entry->password) &&
         goldap_read_int32(lookup, &entry->gid) &&
         goldap_read_list(lookup, &entry->members);
}

static size_t size_of(const struct entry *entry) {
  return goldap_array_size(&entry->members) + entry->members.bytes +
         entry->name.length + entry->password.length + 2;
}

static enum nss_status read_group(struct lookup *lookup, void *data,
                                  struct place place) {
  struct group *result = data;
  struct entry entry;

  if (!read_entry(lookup, &entry))
    return NSS_STATUS_UNAVAIL;
  if (goldap_padding(&place) + size_of(&entry) > place.size)
    return NSS_STATUS_TRYAGAIN;
  result->gr_mem = goldap_reserve_array(&place, &entry.members);
  result->gr_name = goldap_pack(lookup, entry.name, &place);
  result->gr_passwd = goldap_pack(lookup, entry.password, &place);
  result->gr_gid = (gid_t)entry.gid;
  goldap_pack_list(lookup, entry.members, result->gr_mem, &place);
  return NSS_STATUS_SUCCESS;
}

enum nss_status NSS(getgrnam_r)(const char *name, struct group *result,
                                char *buffer, size_t size, int *errnop) {
  struct lookup lookup;

  goldap_begin(&lookup, ACTION_GROUP_BYNAME);
  goldap_put_account(&lookup, name);
  return goldap_find(&lookup, read_group, result,
                     (struct reply){{buffer, size}, errnop, NULL});
}

enum nss_status NSS(getgrgid_r)(gid_t gid, struct group *result, char *buffer,
                                size_t size, int *errnop) {
  struct lookup lookup;

  goldap_begin(&lookup, ACTION_GROUP_BYGID);
  wire_put_int32(&lookup.request, (int32_t)gid);
  return goldap_find(&lookup, read_group, result,
                     (struct reply){{buffer, size}, errnop, NULL});
}

enum nss_status NSS(setgrent)(int stayopen) {
  (void)stayopen;
  return goldap_rewind(MAP_GROUP);
}

enum nss_status NSS(getgrent_r)(struct group *result, char *buffer, size_t size,
                                int *errnop) {
  return goldap_get(MAP_GROUP, ACTION_GROUP_ALL, read_group, result,
                    (struct reply){{buffer, size}, errnop, NULL});
}

enum nss_status NSS(endgrent)(void) { return goldap_rewind(MAP_GROUP); }

/* The gids of an answer, before the caller gets them. */
struct gids {
  gid_t *list;
  size_t count, capacity;
};

static bool append(struct gids *gids, gid_t gid) {
  size_t capacity = gids->capacity != 0 ? gids->capacity * 2 : FIRST_GROUPS;

  if (gids->count == gids->capacity) {
    gid_t *list = gids->count < GROUPS_MAX
                      ? reallocarray(gids->list, capacity, sizeof *list)
                      : NULL;

    if (list == NULL)
      return false;
    gids->list = list;
    gids->capacity = capacity;
  }
  gids->list[gids->count++] = gid;
  return true;
}

/* read_gids reads every entry from the first on. Only an answer with its end
 * counts: with half of their groups people may get too much (a group that
 * denies) or too little. */
static enum nss_status read_gids(struct lookup *lookup, gid_t skip,
                                 struct gids *gids) {
  enum nss_status status;

  do {
    struct entry entry;

    if (!read_entry(lookup, &entry) ||
        ((gid_t)entry.gid != skip && !append(gids, (gid_t)entry.gid)))
      return NSS_STATUS_UNAVAIL;
    status = goldap_next(lookup);
  } while (status == NSS_STATUS_SUCCESS);
  return status == NSS_STATUS_NOTFOUND ? NSS_STATUS_SUCCESS : status;
}

/* widen gives the caller's array, which is the C library's, room for count
 * more, but not above its limit (if that is positive). */
static bool widen(size_t count, long start, long *size, gid_t **groups,
                  long limit) {
  long wanted = start + (long)count;
  gid_t *wider;

  if (limit > 0 && wanted > limit)
    wanted = limit;
  if (wanted <= *size)
    return true;
  wider = reallocarray(*groups, (size_t)wanted, sizeof *wider);
  if (wider == NULL)
    return false;
  *groups = wider;
  *size = wanted;
  return true;
}

enum nss_status NSS(initgroups_dyn)(const char *user, gid_t skip, long *start,
                                    long *size, gid_t **groups, long limit,
                                    int *errnop) {
  struct lookup lookup;
  struct gids gids = {0};
  enum nss_status status;

  goldap_begin(&lookup, ACTION_GROUP_BYMEMBER);
  goldap_put_account(&lookup, user);
  status = goldap_ask(&lookup);
  if (status == NSS_STATUS_SUCCESS)
    status = read_gids(&lookup, skip, &gids);
  if (status == NSS_STATUS_SUCCESS &&
      !widen(gids.count, *start, size, groups, limit))
    status = NSS_STATUS_UNAVAIL;
  if (status == NSS_STATUS_SUCCESS)
    for (size_t i = 0; i < gids.count && *start < *size; i++)
      (*groups)[(*start)++] = gids.list[i];
  free(gids.list);
  return goldap_end(&lookup, status, (struct reply){.errnop = errnop});
}
