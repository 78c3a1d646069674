#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host.h"

static void reap_all(int signal) {
  int error = errno;

  (void)signal;
  while (waitpid(-1, NULL, WNOHANG) > 0)
    continue;
  errno = error;
}

static void count_alarm(int signal) { (void)signal; }

/* handle installs handler without SA_RESTART, so that calls are interrupted. */
static void handle(int signal, void (*handler)(int)) {
  struct sigaction action = {.sa_handler = handler};

  if (sigaction(signal, &action, NULL) != 0)
    fail("sigaction");
}

static void *reap_for_ever(void *data) {
  struct timespec moment = {.tv_nsec = 100000};

  (void)data;
  for (;;)
    if (waitpid(-1, NULL, 0) < 0)
      nanosleep(&moment, NULL);
  return NULL;
}

static void start_reaper(void) {
  pthread_t thread;

  if (pthread_create(&thread, NULL, reap_for_ever, NULL) != 0)
    fail("pthread_create");
}

static void start_alarms(void) {
  struct itimerval often = {.it_interval = {.tv_usec = 1000},
                            .it_value = {.tv_usec = 1000}};

  handle(SIGALRM, count_alarm);
  if (setitimer(ITIMER_REAL, &often, NULL) != 0)
    fail("setitimer");
}

static void set_limit(__rlimit_resource_t resource, rlim_t soft, bool hard) {
  struct rlimit limit;

  if (getrlimit(resource, &limit) != 0)
    fail("getrlimit");
  limit.rlim_cur = soft;
  if (hard)
    limit.rlim_max = soft;
  if (setrlimit(resource, &limit) != 0)
    fail("setrlimit");
}

/* limit_address_space has all threads allocate from one arena: each of glibc's
 * others takes 64 MB of addresses for itself, and what is left may not be
 * enough for libpam to load any module at all. */
static void limit_address_space(unsigned long bytes, bool for_good) {
  if (mallopt(M_ARENA_MAX, 1) != 1)
    fail("mallopt");
  set_limit(RLIMIT_AS, bytes, for_good);
}

void close_descriptors_above(int highest) {
  for (int fd = highest + 1; fd < MAX_DESCRIPTORS; fd++)
    close(fd);
}

/* block_signals does what programs with a thread for signals do. */
static void block_signals(void) {
  sigset_t all;

  sigfillset(&all);
  if (pthread_sigmask(SIG_BLOCK, &all, NULL) != 0)
    fail("pthread_sigmask");
}

/* number is what stands behind the = in a trouble's name. */
static bool number(const char *name, const char *key, unsigned long *value) {
  size_t length = strlen(key);

  if (strncmp(name, key, length) != 0 || name[length] != '=')
    return false;
  *value = strtoul(name + length + 1, NULL, 10);
  return true;
}

static bool make_scarce(struct plan *plan, const char *name) {
  unsigned long value;

  if (number(name, "address-space", &value))
    limit_address_space(value, false);
  else if (number(name, "address-space-for-good", &value))
    limit_address_space(value, true);
  else if (number(name, "processes", &value))
    plan->processes = value;
  else if (number(name, "processes-for-good", &value))
    set_limit(RLIMIT_NPROC, value, true);
  else if (number(name, "files", &value))
    plan->files = value;
  else
    return false;
  return true;
}

bool make_trouble(struct plan *plan, const char *name) {
  if (strcmp(name, "sigchld-ignored") == 0)
    handle(SIGCHLD, SIG_IGN);
  else if (strcmp(name, "reaping-handler") == 0)
    handle(SIGCHLD, reap_all);
  else if (strcmp(name, "reaping-thread") == 0)
    start_reaper();
  else if (strcmp(name, "alarms") == 0)
    start_alarms();
  else if (strcmp(name, "signals-blocked") == 0)
    block_signals();
  else if (strcmp(name, "descriptors-closed") == 0)
    plan->close_descriptors = true;
  else if (strcmp(name, "standard-closed") == 0)
    plan->close_standard = true;
  else if (strcmp(name, "never-end") == 0)
    plan->never_end = true;
  else if (strcmp(name, "leak") == 0)
    plan->leak = true;
  else
    return make_scarce(plan, name);
  return true;
}
