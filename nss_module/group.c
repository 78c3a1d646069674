#define _GNU_SOURCE
#include <grp.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"

enum { FIRST_GROUPS = 64, GROUPS_MAX = 65536 }; /* Linux: NGROUPS_MAX */

/* What the C library calls (nss/nss_files of glibc has the same shapes). */
enum nss_status _nss_goldap_getgrnam_r(const char *name, struct group *result,
                                       char *buffer, size_t size, int *errnop);
enum nss_status _nss_goldap_getgrgid_r(gid_t gid, struct group *result,
                                       char *buffer, size_t size, int *errnop);
enum nss_status _nss_goldap_initgroups_dyn(const char *user, gid_t skip,
                                           long *start, long *size,
                                           gid_t **groups, long limit,
                                           int *errnop);
enum nss_status _nss_goldap_setgrent(int stayopen);
enum nss_status _nss_goldap_getgrent_r(struct group *result, char *buffer,
                                       size_t size, int *errnop);
enum nss_status _nss_goldap_endgrent(void);

struct entry {
  struct text name, password;
  int32_t gid;
  uint32_t members;
};

/* read_head reads all but the members. */
static bool read_head(struct lookup *lookup, struct entry *entry) {
  return goldap_read_name(lookup, &entry->name) &&
         goldap_read_text(lookup, &entry->password) &&
         goldap_read_int32(lookup, &entry->gid) &&
         goldap_read_count(lookup, &entry->members);
}

/* padding is how many bytes to leave out for an aligned pointer. */
static size_t padding(const char *buffer) {
  return -(uintptr_t)buffer % _Alignof(char *);
}

/* measure reads the members and adds up what they need, as long as they fit:
 * the rest of a large group is not worth waiting for, it is asked for again. */
static enum nss_status measure(struct lookup *lookup, const struct entry *entry,
                               struct place place) {
  size_t need = padding(place.buffer) +
                ((size_t)entry->members + 1) * sizeof(char *) +
                entry->name.length + entry->password.length + 2;

  for (uint32_t i = 0; i < entry->members && need <= place.size; i++) {
    struct text member;

    if (!goldap_read_text(lookup, &member))
      return NSS_STATUS_UNAVAIL;
    need += member.length + 1;
  }
  if (need > place.size)
    return NSS_STATUS_TRYAGAIN;
  return goldap_complete(lookup) ? NSS_STATUS_SUCCESS : NSS_STATUS_UNAVAIL;
}

/* pack is for an entry that was measured and fits: the array, then strings. The
 * members are read once more, from memory, where they begin at members. */
static void pack(struct lookup *lookup, const struct entry *entry,
                 size_t members, struct group *result, struct place place) {
  char **array = (char **)(place.buffer + padding(place.buffer));

  place.buffer = (char *)(array + entry->members + 1);
  result->gr_name = goldap_pack(lookup, entry->name, &place);
  result->gr_passwd = goldap_pack(lookup, entry->password, &place);
  result->gr_gid = (gid_t)entry->gid;
  result->gr_mem = array;
  lookup->position = lookup->entry + members;
  for (uint32_t i = 0; i < entry->members; i++) {
    struct text member = {0};

    (void)goldap_read_text(lookup, &member);
    array[i] = goldap_pack(lookup, member, &place);
  }
  array[entry->members] = NULL;
}

/* finish reads the first entry, of which there may be several, and packs it. */
static enum nss_status finish(struct lookup *lookup, enum nss_status status,
                              struct group *result, struct place place,
                              int *errnop) {
  struct entry entry;
  size_t members;

  if (status != NSS_STATUS_SUCCESS)
    return goldap_end(lookup, status, errnop);
  if (!read_head(lookup, &entry))
    return goldap_end(lookup, NSS_STATUS_UNAVAIL, errnop);
  members = lookup->position - lookup->entry;
  status = measure(lookup, &entry, place);
  if (status == NSS_STATUS_SUCCESS)
    pack(lookup, &entry, members, result, place);
  return goldap_end(lookup, status, errnop);
}

enum nss_status _nss_goldap_getgrnam_r(const char *name, struct group *result,
                                       char *buffer, size_t size, int *errnop) {
  struct lookup lookup;
  enum nss_status status = goldap_ask_name(&lookup, ACTION_GROUP_BYNAME, name);

  return finish(&lookup, status, result, (struct place){buffer, size}, errnop);
}

enum nss_status _nss_goldap_getgrgid_r(gid_t gid, struct group *result,
                                       char *buffer, size_t size, int *errnop) {
  struct lookup lookup;
  enum nss_status status = goldap_ask_id(&lookup, ACTION_GROUP_BYGID, gid);

  return finish(&lookup, status, result, (struct place){buffer, size}, errnop);
}

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

static bool skip_members(struct lookup *lookup, uint32_t members) {
  struct text member;

  while (members-- > 0)
    if (!goldap_read_text(lookup, &member))
      return false;
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

    if (!read_head(lookup, &entry) || !skip_members(lookup, entry.members) ||
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

enum nss_status _nss_goldap_initgroups_dyn(const char *user, gid_t skip,
                                           long *start, long *size,
                                           gid_t **groups, long limit,
                                           int *errnop) {
  struct lookup lookup;
  struct gids gids = {0};
  enum nss_status status =
      goldap_ask_name(&lookup, ACTION_GROUP_BYMEMBER, user);

  if (status == NSS_STATUS_SUCCESS)
    status = read_gids(&lookup, skip, &gids);
  if (status == NSS_STATUS_SUCCESS &&
      !widen(gids.count, *start, size, groups, limit))
    status = NSS_STATUS_UNAVAIL;
  if (status == NSS_STATUS_SUCCESS)
    for (size_t i = 0; i < gids.count && *start < *size; i++)
      (*groups)[(*start)++] = gids.list[i];
  free(gids.list);
  return goldap_end(&lookup, status, errnop);
}

/* Enumeration comes with the daemon's: until then there is no entry to show. */
enum nss_status _nss_goldap_setgrent(int stayopen) {
  (void)stayopen;
  return goldap_enumeration();
}

enum nss_status _nss_goldap_getgrent_r(struct group *result, char *buffer,
                                       size_t size, int *errnop) {
  (void)result;
  (void)buffer;
  (void)size;
  return goldap_no_next(errnop);
}

enum nss_status _nss_goldap_endgrent(void) { return goldap_enumeration(); }
