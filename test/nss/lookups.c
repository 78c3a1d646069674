/*
 * lookups.c asks the C library for accounts from many threads, while one more
 * forks all the time:
 *
 *   nss-lookups [-r] THREADS COUNT NAME:UID...
 *
 * Each thread looks up the names COUNT times in all, and each must have its
 * uid; so must a child of each fork. In the end no more descriptors are open
 * than before. It prints how much was done and exits with 1 if anything was
 * wrong.
 *
 * With -r the daemon may be restarted meanwhile: an error is an answer that
 * does not count, but an account that is not there is still wrong.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
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
static bool restarts;
static atomic_uint faults, lookups, forks, unavailable, running;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

/* An answer: the account, somebody else or nobody, or that it cannot be told.
 */
enum answer { RIGHT, WRONG, UNAVAILABLE };

/* look_up looks one account up, by name or by uid. */
static enum answer look_up(const struct account *account, bool by_uid) {
  char buffer[BUFFER_BYTES];
  struct passwd entry, *found = NULL;
  int error =
      by_uid ? getpwuid_r(account->uid, &entry, buffer, sizeof buffer, &found)
             : getpwnam_r(account->name, &entry, buffer, sizeof buffer, &found);

  if (restarts && found == NULL && (error == ENOENT || error == EAGAIN))
    return UNAVAILABLE;
  return error == 0 && found != NULL && entry.pw_uid == account->uid &&
                 strcmp(entry.pw_name, account->name) == 0
             ? RIGHT
             : WRONG;
}

static void *look_up_all(void *data) {
  unsigned first = (unsigned)((struct account *)data - accounts);

  for (unsigned i = 0; i < count;) {
    switch (look_up(&accounts[(first + i) % names], i % 8 == 7)) {
    case WRONG:
      faults++;
      /* fall through */
    case RIGHT:
      lookups++;
      i++;
      break;
    case UNAVAILABLE:
      unavailable++;
      usleep(1000);
    }
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
    _exit(look_up(&accounts[number % names], false) != WRONG ? 0 : 1);
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
  if (argc > 1 && strcmp(argv[1], "-r") == 0) {
    restarts = true;
    argc--;
    argv++;
  }
  if (argc < 4 || argc - 3 > MAX_NAMES)
    exit(2);
  threads = (unsigned)atoi(argv[1]);
  count = (unsigned)atoi(argv[2]);
  if (threads < 1 || threads > MAX_THREADS)
    exit(2);
  for (int i = 3; i < argc; i++) {
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
  before = open_descriptors();
  running = threads;
  for (unsigned i = 0; i < threads; i++)
    if (pthread_create(&started[i], NULL, look_up_all, &accounts[i % names]) !=
        0)
      fail("pthread_create");
  for (unsigned i = 0; running > 0; i++)
    fork_once(i);
  for (unsigned i = 0; i < threads; i++)
    if (pthread_join(started[i], NULL) != 0)
      fail("pthread_join");
  if (open_descriptors() != before)
    faults++;
  printf("%u lookups, %u forks, %u unavailable, %u faults\n", lookups, forks,
         unavailable, faults);
  return faults == 0 && lookups == threads * count && forks > 0 ? 0 : 1;
}
