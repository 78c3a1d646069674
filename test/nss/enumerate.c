/*
 * enumerate.c has many threads enumerate users at once, while one more forks
 * all the time:
 *
 *   nss-enumerate LIBRARY THREADS COUNT NAME:UID...
 *
 * It calls the library's functions itself: the C library has one place in the
 * list for all threads of a program, so with it nobody would get all of it.
 * Each thread goes through the list COUNT times, and each time every name must
 * be there once, with its uid. A child of each fork does the same, from the
 * middle of an enumeration of its parent's. In the end no more descriptors are
 * open than before.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <nss.h>
#include <pthread.h>
#include <pwd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_THREADS = 64, MAX_NAMES = 64, BUFFER_BYTES = 16384 };

struct account {
  const char *name;
  uid_t uid;
};

static struct account accounts[MAX_NAMES];
static unsigned names, threads, count;
static atomic_uint faults, lists, forks, running;

static enum nss_status (*set)(int);
static enum nss_status (*get)(struct passwd *, char *, size_t, int *);
static enum nss_status (*end)(void);

static void fail(const char *what) {
  fprintf(stderr, "%s\n", what);
  exit(1);
}

static void *function(void *library, const char *name) {
  void *found = dlsym(library, name);

  if (found == NULL)
    fail(name);
  return found;
}

static void load(const char *path) {
  void *library = dlopen(path, RTLD_NOW);

  if (library == NULL)
    fail(dlerror());
  set = function(library, "_nss_goldap_setpwent");
  get = function(library, "_nss_goldap_getpwent_r");
  end = function(library, "_nss_goldap_endpwent");
}

/* list goes through the list from where it is. Whether the names are there
 * matters only if that was the beginning. */
static bool list(bool whole) {
  unsigned seen[MAX_NAMES] = {0};
  char buffer[BUFFER_BYTES];
  struct passwd entry;
  enum nss_status status;
  int error;

  while ((status = get(&entry, buffer, sizeof buffer, &error)) ==
         NSS_STATUS_SUCCESS)
    for (unsigned i = 0; i < names; i++)
      if (strcmp(entry.pw_name, accounts[i].name) == 0 &&
          entry.pw_uid == accounts[i].uid)
        seen[i]++;
  if (status != NSS_STATUS_NOTFOUND)
    return false;
  for (unsigned i = 0; whole && i < names; i++)
    if (seen[i] != 1)
      return false;
  return true;
}

static void *list_often(void *data) {
  (void)data;
  for (unsigned i = 0; i < count; i++) {
    set(0);
    if (!list(true))
      faults++;
    lists++;
  }
  end();
  running--;
  return NULL;
}

/* child begins in the middle of its parent's list, of which it gets nothing,
 * and then anew. */
static bool child(void) {
  char buffer[BUFFER_BYTES];
  struct passwd entry;
  int error;

  if (get(&entry, buffer, sizeof buffer, &error) != NSS_STATUS_UNAVAIL)
    return false;
  set(0);
  return list(true);
}

static void fork_once(void) {
  char buffer[BUFFER_BYTES];
  struct passwd entry;
  int status, error;
  pid_t forked;

  set(0);
  if (get(&entry, buffer, sizeof buffer, &error) != NSS_STATUS_SUCCESS)
    faults++;
  forked = fork();
  if (forked < 0)
    fail("fork");
  if (forked == 0)
    _exit(child() ? 0 : 1);
  if (waitpid(forked, &status, 0) != forked || status != 0)
    faults++;
  if (!list(false))
    faults++;
  forks++;
}

static unsigned open_descriptors(void) {
  unsigned open = 0;
  DIR *dir = opendir("/proc/self/fd");

  if (dir == NULL)
    fail("/proc/self/fd");
  while (readdir(dir) != NULL)
    open++;
  closedir(dir);
  return open;
}

static void read_arguments(int argc, char **argv) {
  if (argc < 5 || argc - 4 > MAX_NAMES)
    exit(2);
  threads = (unsigned)atoi(argv[2]);
  count = (unsigned)atoi(argv[3]);
  if (threads < 1 || threads > MAX_THREADS)
    exit(2);
  for (int i = 4; i < argc; i++) {
    char *colon = strchr(argv[i], ':');

    if (colon == NULL)
      exit(2);
    *colon = '\0';
    accounts[names++] = (struct account){argv[i], (uid_t)atol(colon + 1)};
  }
}

int main(int argc, char **argv) {
  pthread_t started[MAX_THREADS];
  unsigned before;

  read_arguments(argc, argv);
  load(argv[1]);
  before = open_descriptors();
  running = threads;
  for (unsigned i = 0; i < threads; i++)
    if (pthread_create(&started[i], NULL, list_often, NULL) != 0)
      fail("pthread_create");
  while (running > 0)
    fork_once();
  for (unsigned i = 0; i < threads; i++)
    if (pthread_join(started[i], NULL) != 0)
      fail("pthread_join");
  end();
  if (open_descriptors() != before)
    faults++;
  printf("%u lists, %u forks, %u faults\n", lists, forks, faults);
  return faults == 0 && lists == threads * count && forks > 0 ? 0 : 1;
}
