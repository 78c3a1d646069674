/*
 * lookups.c asks the C library for accounts from many threads, while one more
 * forks all the time:
 *
 *   nss-lookups THREADS COUNT NAME:UID...
 *
 * Each thread looks up the names COUNT times in all, and each must have its
 * uid; so must a child of each fork. In the end no more descriptors are open
 * than before. It prints how much was done and exits with 1 if anything was
 * wrong.
 */
#define _GNU_SOURCE
#include <dirent.h>
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
static unsigned names, count;
static atomic_uint faults, lookups, forks, running;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

/* right looks one account up, by name or by uid. */
static bool right(const struct account *account, bool by_uid) {
  char buffer[BUFFER_BYTES];
  struct passwd entry, *found = NULL;
  int error =
      by_uid ? getpwuid_r(account->uid, &entry, buffer, sizeof buffer, &found)
             : getpwnam_r(account->name, &entry, buffer, sizeof buffer, &found);

  return error == 0 && found != NULL && entry.pw_uid == account->uid &&
         strcmp(entry.pw_name, account->name) == 0;
}

static void *look_up(void *data) {
  unsigned first = (unsigned)((struct account *)data - accounts);

  for (unsigned i = 0; i < count; i++) {
    if (!right(&accounts[(first + i) % names], i % 8 == 7))
      faults++;
    lookups++;
  }
  running--;
  return NULL;
}

/* fork_once has a child look a name up while the threads do. */
static void fork_once(unsigned number) {
  int status;
  pid_t child = fork();

  if (child < 0)
    fail("fork");
  if (child == 0)
    _exit(right(&accounts[number % names], false) ? 0 : 1);
  if (waitpid(child, &status, 0) != child || status != 0)
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
  if (argc < 4 || argc - 3 > MAX_NAMES)
    exit(2);
  count = (unsigned)atoi(argv[2]);
  for (int i = 3; i < argc; i++) {
    char *colon = strchr(argv[i], ':');

    if (colon == NULL)
      exit(2);
    *colon = '\0';
    accounts[names++] = (struct account){argv[i], (uid_t)atol(colon + 1)};
  }
}

int main(int argc, char **argv) {
  pthread_t threads[MAX_THREADS];
  unsigned before, wanted;

  read_arguments(argc, argv);
  wanted = (unsigned)atoi(argv[1]);
  if (wanted < 1 || wanted > MAX_THREADS)
    exit(2);
  before = open_descriptors();
  running = wanted;
  for (unsigned i = 0; i < wanted; i++)
    if (pthread_create(&threads[i], NULL, look_up, &accounts[i % names]) != 0)
      fail("pthread_create");
  for (unsigned i = 0; running > 0; i++)
    fork_once(i);
  for (unsigned i = 0; i < wanted; i++)
    if (pthread_join(threads[i], NULL) != 0)
      fail("pthread_join");
  if (open_descriptors() != before)
    faults++;
  printf("%u lookups, %u forks, %u faults\n", lookups, forks, faults);
  return faults == 0 && lookups == wanted * count && forks > 0 ? 0 : 1;
}
