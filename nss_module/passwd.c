#define _GNU_SOURCE
#include "common.h"

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

static enum nss_status read_passwd(struct lookup *lookup, void *data,
                                   struct place place) {
  struct passwd *result = data;
  struct entry entry;

  if (!read_entry(lookup, &entry))
    return NSS_STATUS_UNAVAIL;
  if (size_of(&entry) > place.size)
    return NSS_STATUS_TRYAGAIN;
  result->pw_name = goldap_pack(lookup, entry.name, &place);
  result->pw_passwd = goldap_pack(lookup, entry.password, &place);
  result->pw_uid = (uid_t)entry.uid;
  result->pw_gid = (gid_t)entry.gid;
  result->pw_gecos = goldap_pack(lookup, entry.gecos, &place);
  result->pw_dir = goldap_pack(lookup, entry.home, &place);
  result->pw_shell = goldap_pack(lookup, entry.shell, &place);
  return NSS_STATUS_SUCCESS;
}

enum nss_status NSS(getpwnam_r)(const char *name, struct passwd *result,
                                char *buffer, size_t size, int *errnop) {
  struct lookup lookup;

  goldap_begin(&lookup, ACTION_PASSWD_BYNAME);
  goldap_put_account(&lookup, name);
  return goldap_find(&lookup, read_passwd, result,
                     (struct reply){{buffer, size}, errnop, NULL});
}

enum nss_status NSS(getpwuid_r)(uid_t uid, struct passwd *result, char *buffer,
                                size_t size, int *errnop) {
  struct lookup lookup;

  goldap_begin(&lookup, ACTION_PASSWD_BYUID);
  wire_put_int32(&lookup.request, (int32_t)uid);
  return goldap_find(&lookup, read_passwd, result,
                     (struct reply){{buffer, size}, errnop, NULL});
}

enum nss_status NSS(setpwent)(int stayopen) {
  (void)stayopen;
  return goldap_rewind(MAP_PASSWD);
}

enum nss_status NSS(getpwent_r)(struct passwd *result, char *buffer,
                                size_t size, int *errnop) {
  return goldap_get(MAP_PASSWD, ACTION_PASSWD_ALL, read_passwd, result,
                    (struct reply){{buffer, size}, errnop, NULL});
}

enum nss_status NSS(endpwent)(void) { return goldap_rewind(MAP_PASSWD); }
