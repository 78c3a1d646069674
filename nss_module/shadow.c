#define _GNU_SOURCE
#include "common.h"

/* Days, -1 where nothing is set, in the order in which they come. */
enum { CHANGED, MIN, MAX, WARN, INACTIVE, EXPIRE, FLAG, NUMBERS };

struct entry {
  struct text name, password;
  int32_t numbers[NUMBERS];
};

static bool read_entry(struct lookup *lookup, struct entry *entry) {
  if (!goldap_read_name(lookup, &entry->name) ||
      !goldap_read_text(lookup, &entry->password))
    return false;
  for (int i = 0; i < NUMBERS; i++)
    if (!goldap_read_int32(lookup, &entry->numbers[i]))
      return false;
  return true;
}

static enum nss_status read_shadow(struct lookup *lookup, void *data,
                                   struct place place) {
  struct spwd *result = data;
  struct entry entry;

  if (!read_entry(lookup, &entry))
    return NSS_STATUS_UNAVAIL;
  if (entry.name.length + entry.password.length + 2 > place.size)
    return NSS_STATUS_TRYAGAIN;
  result->sp_namp = goldap_pack(lookup, entry.name, &place);
  result->sp_pwdp = goldap_pack(lookup, entry.password, &place);
  result->sp_lstchg = entry.numbers[CHANGED];
  result->sp_min = entry.numbers[MIN];
  result->sp_max = entry.numbers[MAX];
  result->sp_warn = entry.numbers[WARN];
  result->sp_inact = entry.numbers[INACTIVE];
  result->sp_expire = entry.numbers[EXPIRE];
  result->sp_flag = (unsigned long)(long)entry.numbers[FLAG];
  return NSS_STATUS_SUCCESS;
}

/* Who may see a password is for the daemon to say. */
enum nss_status NSS(getspnam_r)(const char *name, struct spwd *result,
                                char *buffer, size_t size, int *errnop) {
  struct lookup lookup;

  goldap_begin(&lookup, ACTION_SHADOW_BYNAME);
  goldap_put_account(&lookup, name);
  return goldap_find(&lookup, read_shadow, result,
                     (struct reply){{buffer, size}, errnop, NULL});
}

enum nss_status NSS(setspent)(int stayopen) {
  (void)stayopen;
  return goldap_rewind(MAP_SHADOW);
}

enum nss_status NSS(getspent_r)(struct spwd *result, char *buffer, size_t size,
                                int *errnop) {
  return goldap_get(MAP_SHADOW, ACTION_SHADOW_ALL, read_shadow, result,
                    (struct reply){{buffer, size}, errnop, NULL});
}

enum nss_status NSS(endspent)(void) { return goldap_rewind(MAP_SHADOW); }
