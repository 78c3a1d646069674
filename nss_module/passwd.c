#define _GNU_SOURCE
#include <pwd.h>

#include "common.h"

/* What the C library calls (nss/nss_files of glibc has the same shapes). */
enum nss_status _nss_goldap_getpwnam_r(const char *name, struct passwd *result,
                                       char *buffer, size_t size, int *errnop);
enum nss_status _nss_goldap_getpwuid_r(uid_t uid, struct passwd *result,
                                       char *buffer, size_t size, int *errnop);
enum nss_status _nss_goldap_setpwent(int stayopen);
enum nss_status _nss_goldap_getpwent_r(struct passwd *result, char *buffer,
                                       size_t size, int *errnop);
enum nss_status _nss_goldap_endpwent(void);

struct entry {
  struct text name, password, gecos, home, shell;
  int32_t uid, gid;
};

static bool read_entry(struct lookup *lookup, struct entry *entry) {
  return goldap_read_name(lookup, &entry->name) &&
         goldap_read_text(lookup, &entry->password) &&
         goldap_read_int32(lookup, &entry->uid) &&
         goldap_read_int32(lookup, &entry->gid) &&
         goldap_read_text(lookup, &entry->gecos) &&
         goldap_read_text(lookup, &entry->home) &&
         goldap_read_text(lookup, &entry->shell);
}

static size_t size_of(const struct entry *entry) {
  return entry->name.length + entry->password.length + entry->gecos.length +
         entry->home.length + entry->shell.length + 5;
}

static void pack(const struct lookup *lookup, const struct entry *entry,
                 struct passwd *result, struct place place) {
  result->pw_name = goldap_pack(lookup, entry->name, &place);
  result->pw_passwd = goldap_pack(lookup, entry->password, &place);
  result->pw_uid = (uid_t)entry->uid;
  result->pw_gid = (gid_t)entry->gid;
  result->pw_gecos = goldap_pack(lookup, entry->gecos, &place);
  result->pw_dir = goldap_pack(lookup, entry->home, &place);
  result->pw_shell = goldap_pack(lookup, entry->shell, &place);
}

/* finish reads the first entry, of which there may be several, and packs it. */
static enum nss_status finish(struct lookup *lookup, enum nss_status status,
                              struct passwd *result, struct place place,
                              int *errnop) {
  struct entry entry;

  if (status != NSS_STATUS_SUCCESS)
    return goldap_end(lookup, status, errnop);
  if (!read_entry(lookup, &entry) || !goldap_complete(lookup))
    return goldap_end(lookup, NSS_STATUS_UNAVAIL, errnop);
  if (size_of(&entry) > place.size)
    return goldap_end(lookup, NSS_STATUS_TRYAGAIN, errnop);
  pack(lookup, &entry, result, place);
  return goldap_end(lookup, NSS_STATUS_SUCCESS, errnop);
}

enum nss_status _nss_goldap_getpwnam_r(const char *name, struct passwd *result,
                                       char *buffer, size_t size, int *errnop) {
  struct lookup lookup;
  enum nss_status status = goldap_ask_name(&lookup, ACTION_PASSWD_BYNAME, name);

  return finish(&lookup, status, result, (struct place){buffer, size}, errnop);
}

enum nss_status _nss_goldap_getpwuid_r(uid_t uid, struct passwd *result,
                                       char *buffer, size_t size, int *errnop) {
  struct lookup lookup;
  enum nss_status status = goldap_ask_id(&lookup, ACTION_PASSWD_BYUID, uid);

  return finish(&lookup, status, result, (struct place){buffer, size}, errnop);
}

/* Enumeration comes with the daemon's: until then there is no entry to show. */
enum nss_status _nss_goldap_setpwent(int stayopen) {
  (void)stayopen;
  return goldap_enumeration();
}

enum nss_status _nss_goldap_getpwent_r(struct passwd *result, char *buffer,
                                       size_t size, int *errnop) {
  (void)result;
  (void)buffer;
  (void)size;
  return goldap_no_next(errnop);
}

enum nss_status _nss_goldap_endpwent(void) { return goldap_enumeration(); }
