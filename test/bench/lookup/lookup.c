/*
 * lookup.c measures lookups through a name-service module and prints one
 * number a line, for the runner to judge.
 *
 *   lookup LIBRARY NAME passwd FIRST USERS COUNT
 *       microseconds of each getpwnam, of USERS users from number FIRST in turn
 *   lookup LIBRARY NAME unknown FIRST USERS COUNT
 *       the same, of names that nobody has
 *   lookup LIBRARY NAME group GROUP MEMBERS COUNT
 *       microseconds of each getgrnam; there must be MEMBERS members
 *   lookup LIBRARY NAME groups USER GROUPS COUNT
 *       microseconds of each getgrouplist; there must be GROUPS groups at least
 *   lookup LIBRARY NAME enumerate USERS COUNT
 *       microseconds of each enumeration of passwd; there must be USERS users
 *       at least
 *   lookup LIBRARY NAME mixed FIRST USERS THREADS SECONDS
 *       lookups in a second, all threads together (struct mixture)
 *
 * LIBRARY is the module and NAME what its functions are called after:
 * _nss_NAME_getpwnam_r. They are called directly, as glibc calls them, and not
 * through nsswitch.conf, where one process has one module for good: this way
 * both modules have the same caller, and nothing of glibc is in the numbers (it
 * adds about a microsecond to either). The buffers are glibc's: 1,024 bytes at
 * first, doubled at ERANGE, and kept for the next call, as getpwnam(3) and
 * getgrnam(3) do it.
 *
 * The users and groups are the plain ones of package slapd. An answer that is
 * not what it should be ends everything with status 1.
 */
#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <nss.h>
#include <pthread.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
  FIRST_SIZE = 1024,
  FIRST_GROUPS = 64, /* glibc's initgroups(3) */
  FIRST_UID = 20000, /* package slapd */
  FIRST_GID = 30000,
  GROUP_MEMBERS = 100,
  MAX_THREADS = 256
};

/* What the mixed threads ask for, in percent; the rest is groups by gid. */
struct mixture {
  unsigned by_name, by_uid, groups_of;
};
static const struct mixture mixture = {60, 15, 15};

static struct {
  enum nss_status (*getpwnam)(const char *, struct passwd *, char *, size_t,
                              int *);
  enum nss_status (*getpwuid)(uid_t, struct passwd *, char *, size_t, int *);
  enum nss_status (*getgrnam)(const char *, struct group *, char *, size_t,
                              int *);
  enum nss_status (*getgrgid)(gid_t, struct group *, char *, size_t, int *);
  enum nss_status (*initgroups)(const char *, gid_t, long *, long *, gid_t **,
                                long, int *);
  enum nss_status (*setpwent)(int);
  enum nss_status (*getpwent)(struct passwd *, char *, size_t, int *);
  enum nss_status (*endpwent)(void);
} module;

struct buffer {
  char *data;
  size_t size;
};

static void die(const char *what, const char *name) {
  fprintf(stderr, "lookup: %s: %s\n", name, what);
  exit(1);
}

static double now(void) {
  struct timespec t;

  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *symbol(void *library, const char *name, const char *function) {
  char full[256];
  void *address;

  snprintf(full, sizeof(full), "_nss_%s_%s", name, function);
  address = dlsym(library, full);
  if (address == NULL)
    die(dlerror(), full);
  return address;
}

static void load(const char *path, const char *name) {
  void *library = dlopen(path, RTLD_NOW);

  if (library == NULL)
    die(dlerror(), path);
  *(void **)&module.getpwnam = symbol(library, name, "getpwnam_r");
  *(void **)&module.getpwuid = symbol(library, name, "getpwuid_r");
  *(void **)&module.getgrnam = symbol(library, name, "getgrnam_r");
  *(void **)&module.getgrgid = symbol(library, name, "getgrgid_r");
  *(void **)&module.initgroups = symbol(library, name, "initgroups_dyn");
  *(void **)&module.setpwent = symbol(library, name, "setpwent");
  *(void **)&module.getpwent = symbol(library, name, "getpwent_r");
  *(void **)&module.endpwent = symbol(library, name, "endpwent");
}

static void resize(struct buffer *buffer, size_t size) {
  buffer->data = realloc(buffer->data, size);
  buffer->size = size;
  if (buffer->data == NULL)
    die("no memory", "buffer");
}

static struct buffer new_buffer(void) {
  struct buffer buffer = {NULL, 0};

  resize(&buffer, FIRST_SIZE);
  return buffer;
}

/* too_small reports whether the call is to be made again, with the buffer that
 * has grown now. */
static bool too_small(enum nss_status status, int error,
                      struct buffer *buffer) {
  if (status != NSS_STATUS_TRYAGAIN || error != ERANGE)
    return false;
  resize(buffer, buffer->size * 2);
  return true;
}

static enum nss_status by_name(const char *name, struct passwd *result,
                               struct buffer *b) {
  enum nss_status status;
  int error = 0;

  do {
    status = module.getpwnam(name, result, b->data, b->size, &error);
  } while (too_small(status, error, b));
  return status;
}

static void user_by_name(const char *name, struct buffer *b) {
  struct passwd result;

  if (by_name(name, &result, b) != NSS_STATUS_SUCCESS ||
      strcmp(result.pw_name, name) != 0)
    die("getpwnam", name);
}

static void nobody_by_name(const char *name, struct buffer *b) {
  struct passwd result;

  if (by_name(name, &result, b) != NSS_STATUS_NOTFOUND)
    die("getpwnam finds it", name);
}

static void user_by_uid(uid_t uid, const char *name, struct buffer *b) {
  struct passwd result;
  enum nss_status status;
  int error = 0;

  do {
    status = module.getpwuid(uid, &result, b->data, b->size, &error);
  } while (too_small(status, error, b));
  if (status != NSS_STATUS_SUCCESS || strcmp(result.pw_name, name) != 0)
    die("getpwuid", name);
}

static void group_by_name(const char *name, unsigned members,
                          struct buffer *b) {
  struct group result;
  enum nss_status status;
  unsigned n = 0;
  int error = 0;

  do {
    status = module.getgrnam(name, &result, b->data, b->size, &error);
  } while (too_small(status, error, b));
  if (status != NSS_STATUS_SUCCESS)
    die("getgrnam", name);
  while (result.gr_mem[n] != NULL)
    n++;
  if (n != members)
    die("getgrnam has other members", name);
}

static void group_by_gid(gid_t gid, const char *user, struct buffer *b) {
  struct group result;
  enum nss_status status;
  int error = 0;

  do {
    status = module.getgrgid(gid, &result, b->data, b->size, &error);
  } while (too_small(status, error, b));
  if (status != NSS_STATUS_SUCCESS || result.gr_mem[0] == NULL)
    die("getgrgid of the group", user);
}

static void groups_of(const char *user, unsigned least) {
  long used = 0, size = FIRST_GROUPS;
  gid_t *groups = malloc((size_t)size * sizeof(*groups));
  int error = 0;

  if (groups == NULL)
    die("no memory", user);
  groups[used++] = FIRST_GID - 1;
  if (module.initgroups(user, groups[0], &used, &size, &groups, -1, &error) !=
          NSS_STATUS_SUCCESS ||
      used < (long)least)
    die("initgroups", user);
  free(groups);
}

static unsigned enumerate(struct buffer *b) {
  unsigned users = 0;

  module.setpwent(0);
  for (;; users++) {
    struct passwd result;
    enum nss_status status;
    int error = 0;

    do {
      status = module.getpwent(&result, b->data, b->size, &error);
    } while (too_small(status, error, b));
    if (status == NSS_STATUS_NOTFOUND)
      break;
    if (status != NSS_STATUS_SUCCESS)
      die("getpwent", "an enumeration");
  }
  module.endpwent();
  return users;
}

static void print_since(double started) {
  printf("%.1f\n", (now() - started) * 1e6);
}

static void measure_names(const char *format, unsigned first, unsigned users,
                          unsigned count,
                          void (*ask)(const char *, struct buffer *)) {
  struct buffer buffer = new_buffer();

  for (unsigned i = 0; i < count; i++) {
    char name[32];
    double started;

    snprintf(name, sizeof(name), format, first + i % users);
    started = now();
    ask(name, &buffer);
    print_since(started);
  }
}

static void measure_group(const char *name, unsigned members, unsigned count) {
  struct buffer buffer = new_buffer();

  for (unsigned i = 0; i < count; i++) {
    double started = now();

    group_by_name(name, members, &buffer);
    print_since(started);
  }
}

static void measure_groups(const char *user, unsigned least, unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    double started = now();

    groups_of(user, least);
    print_since(started);
  }
}

static void measure_enumeration(unsigned users, unsigned count) {
  struct buffer buffer = new_buffer();

  for (unsigned i = 0; i < count; i++) {
    double started = now();

    if (enumerate(&buffer) < users)
      die("users are missing", "an enumeration");
    print_since(started);
  }
}

struct worker {
  pthread_t thread;
  unsigned seed, first, users;
  double until;
  unsigned long lookups;
};

/* ask_mixed makes one lookup, chosen by chance. */
static void ask_mixed(struct worker *self, struct buffer *buffer) {
  unsigned chance = (unsigned)rand_r(&self->seed) % 100;
  unsigned user = self->first + (unsigned)rand_r(&self->seed) % self->users;
  char name[32];

  snprintf(name, sizeof(name), "user%05u", user);
  if (chance < mixture.by_name)
    user_by_name(name, buffer);
  else if (chance < mixture.by_name + mixture.by_uid)
    user_by_uid(FIRST_UID + user, name, buffer);
  else if (chance < mixture.by_name + mixture.by_uid + mixture.groups_of)
    groups_of(name, 2);
  else
    group_by_gid(FIRST_GID + user / GROUP_MEMBERS, name, buffer);
}

static void *work(void *argument) {
  struct worker *self = argument;
  struct buffer buffer = new_buffer();

  while (now() < self->until) {
    ask_mixed(self, &buffer);
    self->lookups++;
  }
  free(buffer.data);
  return NULL;
}

static void measure_mixed(unsigned first, unsigned users, unsigned threads,
                          double seconds) {
  static struct worker workers[MAX_THREADS];
  double started = now();
  unsigned long lookups = 0;

  if (threads > MAX_THREADS)
    threads = MAX_THREADS;
  for (unsigned i = 0; i < threads; i++) {
    workers[i] = (struct worker){.seed = i + 1,
                                 .first = first,
                                 .users = users,
                                 .until = started + seconds};
    if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
      die("pthread_create", "mixed");
  }
  for (unsigned i = 0; i < threads; i++) {
    pthread_join(workers[i].thread, NULL);
    lookups += workers[i].lookups;
  }
  printf("%.1f\n", (double)lookups / (now() - started));
}

static unsigned number(const char *text) {
  unsigned long n = strtoul(text, NULL, 10);

  return n < UINT_MAX ? (unsigned)n : 0;
}

static int usage(void) {
  fprintf(stderr, "usage: lookup LIBRARY NAME passwd FIRST USERS COUNT\n"
                  "       lookup LIBRARY NAME unknown FIRST USERS COUNT\n"
                  "       lookup LIBRARY NAME group GROUP MEMBERS COUNT\n"
                  "       lookup LIBRARY NAME groups USER GROUPS COUNT\n"
                  "       lookup LIBRARY NAME enumerate USERS COUNT\n"
                  "       lookup LIBRARY NAME mixed FIRST USERS THREADS "
                  "SECONDS\n");
  return 2;
}

int main(int argc, char **argv) {
  const char *what;

  if (argc < 4)
    return usage();
  load(argv[1], argv[2]);
  what = argv[3];
  argv += 4;
  argc -= 4;
  if (argc == 3 && strcmp(what, "passwd") == 0)
    measure_names("user%05u", number(argv[0]), number(argv[1]), number(argv[2]),
                  user_by_name);
  else if (argc == 3 && strcmp(what, "unknown") == 0)
    measure_names("stranger%05u", number(argv[0]), number(argv[1]),
                  number(argv[2]), nobody_by_name);
  else if (argc == 3 && strcmp(what, "group") == 0)
    measure_group(argv[0], number(argv[1]), number(argv[2]));
  else if (argc == 3 && strcmp(what, "groups") == 0)
    measure_groups(argv[0], number(argv[1]), number(argv[2]));
  else if (argc == 2 && strcmp(what, "enumerate") == 0)
    measure_enumeration(number(argv[0]), number(argv[1]));
  else if (argc == 4 && strcmp(what, "mixed") == 0)
    measure_mixed(number(argv[0]), number(argv[1]), number(argv[2]),
                  atof(argv[3]));
  else
    return usage();
  return 0;
}
