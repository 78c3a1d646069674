/*
 * kept.c is about answers that did not fit, which the name-service module keeps
 * for a second, and about programs that must not ask at all. The daemon counts
 * what it is asked.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common.h"
#include "daemon.h"

static enum nss_status next_user(void) {
  struct passwd entry;
  char buffer[128];
  int error = 0;

  return _nss_goldap_getpwent_r(&entry, buffer, sizeof buffer, &error);
}

/* grow_group looks a group up as the C library does, with a buffer that is
 * doubled until it fits, and returns how often the module was called. */
static unsigned grow_group(const char *name) {
  size_t size = 1024;
  char *buffer = NULL;
  struct group entry;
  enum nss_status status;
  unsigned calls = 0;
  int error = 0;

  do {
    buffer = realloc(buffer, size);
    if (buffer == NULL)
      abort();
    status = _nss_goldap_getgrnam_r(name, &entry, buffer, size, &error);
    size *= 2;
    calls++;
  } while (status == NSS_STATUS_TRYAGAIN && error == ERANGE);
  check(status == NSS_STATUS_SUCCESS && strcmp(entry.gr_name, name) == 0 &&
            strcmp(entry.gr_mem[MEMBERS - 1], "m004999") == 0,
        "a group of 5,000 members");
  free(buffer);
  return calls;
}

/* too_small looks the group up with too small a buffer, once, and returns how
 * many requests that was. */
static unsigned too_small(const char *name) {
  char buffer[1024];
  struct group entry;
  unsigned before = requests();
  int error = 0;

  check(_nss_goldap_getgrnam_r(name, &entry, buffer, sizeof buffer, &error) ==
                NSS_STATUS_TRYAGAIN &&
            error == ERANGE,
        "a buffer that is too small");
  return requests() - before;
}

static void *too_small_here(void *data) {
  (void)data;
  check(too_small("staff") == 1, "another thread's answer is not this one's");
  return NULL;
}

static void test_kept(void) {
  unsigned before = requests(), calls = grow_group("staff");
  pid_t child;

  printf("group of %d members: %u calls, %u requests\n", MEMBERS, calls,
         requests() - before);
  check(calls == 8 && requests() - before == 1, "one request for all calls");
  check(too_small("staff") == 1, "an answer that was given is not kept");
  check(too_small("staff") == 0, "one that was not is");
  pthread_join(start(too_small_here, NULL), NULL);
  check(too_small("other") == 1, "another key");
  check(too_small("staff") == 1, "another key has ended it");
  pretend(4712);
  check(too_small("staff") == 1, "another user");
  pretend(0);
  check(too_small("staff") == 1, "another user has ended it");
  child = fork();
  if (child == 0)
    _exit(too_small("staff") == 1 ? 0 : 1);
  wait_for(child, "a child asks for itself");
  check(too_small("staff") == 0, "the parent's is there");
  advance(1001);
  check(too_small("staff") == 1, "not for longer than a second");
  advance(-1001);
  check(next_user() == NSS_STATUS_SUCCESS, "any other call");
  _nss_goldap_endpwent();
  check(too_small("staff") == 1, "an enumeration has ended it");
}

static void test_shadow(void) {
  char buffer[8];
  struct spwd entry;
  unsigned before = requests();
  int error = 0;

  for (int i = 0; i < 2; i++)
    check(_nss_goldap_getspnam_r("alice", &entry, buffer, sizeof buffer,
                                 &error) == NSS_STATUS_TRYAGAIN &&
              error == ERANGE,
          "a buffer that is too small for a password");
  check(requests() - before == 2, "passwords are not kept");
}

/* ask_as looks a user up as a user, and says whether the daemon was asked. */
static bool ask_as(uid_t user, enum nss_status status) {
  char buffer[128];
  struct passwd entry;
  unsigned before = requests();
  int error = 0;

  pretend(user);
  check(_nss_goldap_getpwnam_r("alice", &entry, buffer, sizeof buffer,
                               &error) == status &&
            (status == NSS_STATUS_SUCCESS || error == ENOENT),
        "a lookup as somebody");
  _nss_goldap_setpwent(0);
  if (status != NSS_STATUS_SUCCESS)
    check(next_user() == status, "an enumeration as somebody");
  _nss_goldap_endpwent();
  pretend(0);
  return requests() != before;
}

/* The daemon's user owns the socket, or at least its directory. Only root can
 * give them to somebody else; others are that user here. */
static void test_own_user(void) {
  char directory[] = GOLDAP_SOCKET;
  uid_t owner = getuid() == 0 ? 4711 : getuid();

  *strrchr(directory, '/') = '\0';
  check(ask_as(4712, NSS_STATUS_SUCCESS), "anybody asks");
  if (getuid() == 0 && chown(GOLDAP_SOCKET, owner, owner) != 0)
    abort();
  check(!ask_as(owner, NSS_STATUS_UNAVAIL), "the socket's owner does not");
  check(ask_as(4712, NSS_STATUS_SUCCESS), "others do");
  if (getuid() == 0 &&
      (chown(GOLDAP_SOCKET, 0, 0) != 0 || chown(directory, owner, owner) != 0))
    abort();
  check(!ask_as(owner, NSS_STATUS_UNAVAIL), "nor the directory's");
  check(ask_as(0, NSS_STATUS_SUCCESS), "root always asks");
}

/* Root asks for whom it starts the daemon as, before there is one. */
static void test_name_of_the_daemon(void) {
  char buffer[1024];
  struct passwd user;
  struct group group;
  struct spwd shadow;
  gid_t gids[1], *list = gids;
  long start_at = 0, size = 1;
  unsigned before = requests();
  int error = 0;

  check(_nss_goldap_getpwnam_r("goldap", &user, buffer, sizeof buffer,
                               &error) == NSS_STATUS_NOTFOUND,
        "the daemon's user");
  check(_nss_goldap_getspnam_r("goldap", &shadow, buffer, sizeof buffer,
                               &error) == NSS_STATUS_NOTFOUND,
        "the daemon's password");
  check(_nss_goldap_getgrnam_r("goldap", &group, buffer, sizeof buffer,
                               &error) == NSS_STATUS_NOTFOUND,
        "the daemon's group");
  check(_nss_goldap_initgroups_dyn("goldap", 1, &start_at, &size, &list, -1,
                                   &error) == NSS_STATUS_NOTFOUND,
        "the groups of the daemon");
  check(requests() == before, "the daemon is not asked for itself");
  check(_nss_goldap_getpwnam_r("goldap2", &user, buffer, sizeof buffer,
                               &error) == NSS_STATUS_SUCCESS,
        "a similar name");
}

int main(void) {
  start_daemon();
  test_kept();
  test_shadow();
  test_own_user();
  test_name_of_the_daemon();
  unlink(GOLDAP_SOCKET);
  printf("kept: %u faults\n", faults());
  return faults() == 0 ? 0 : 1;
}
