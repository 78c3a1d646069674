#define _GNU_SOURCE
#include <shadow.h>

#include "common.h"

enum nss_status _nss_goldap_getspnam_r(const char *name, struct spwd *result,
                                       char *buffer, size_t size, int *errnop);
enum nss_status _nss_goldap_setspent(int stayopen);
enum nss_status _nss_goldap_getspent_r(struct spwd *result, char *buffer,
                                       size_t size, int *errnop);
enum nss_status _nss_goldap_endspent(void);

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

static void pack(const struct lookup *lookup, const struct entry *entry,
                 struct spwd *result, struct place place) {
  result->sp_namp = goldap_pack(lookup, entry->name, &place);
  result->sp_pwdp = goldap_pack(lookup, entry->password, &place);
  result->sp_lstchg = entry->numbers[CHANGED];
  result->sp_min = entry->numbers[MIN];
  result->sp_max = entry->numbers[MAX];
  result->sp_warn = entry->numbers[WARN];
  result->sp_inact = entry->numbers[INACTIVE];
  result->sp_expire = entry->numbers[EXPIRE];
  result->sp_flag = (unsigned long)(long)entry->numbers[FLAG];
}

/* Who may see a password is for the daemon to say: goldapd has * for all. */
enum nss_status _nss_goldap_getspnam_r(const char *name, struct spwd *result,
                                       char *buffer, size_t size, int *errnop) {
  struct lookup lookup;
  struct entry entry;
  enum nss_status status = goldap_ask_name(&lookup, ACTION_SHADOW_BYNAME, name);

  if (status != NSS_STATUS_SUCCESS)
    return goldap_end(&lookup, status, errnop);
  if (!read_entry(&lookup, &entry) || !goldap_complete(&lookup))
    return goldap_end(&lookup, NSS_STATUS_UNAVAIL, errnop);
  if (entry.name.length + entry.password.length + 2 > size)
    return goldap_end(&lookup, NSS_STATUS_TRYAGAIN, errnop);
  pack(&lookup, &entry, result, (struct place){buffer, size});
  return goldap_end(&lookup, NSS_STATUS_SUCCESS, errnop);
}

/* Enumeration comes with the daemon's: until then there is no entry to show. */
enum nss_status _nss_goldap_setspent(int stayopen) {
  (void)stayopen;
  return goldap_enumeration();
}

enum nss_status _nss_goldap_getspent_r(struct spwd *result, char *buffer,
                                       size_t size, int *errnop) {
  (void)result;
  (void)buffer;
  (void)size;
  return goldap_no_next(errnop);
}

enum nss_status _nss_goldap_endspent(void) { return goldap_enumeration(); }
