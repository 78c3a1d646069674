#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"

__attribute__((noreturn)) static void usage(void) {
  fputs(
      "host -d CONFDIR -s SERVICE -u USER -p PASSWORD -o REPORT [option...]\n"
      "  -t THREADS  log in from that many threads at once (1)\n"
      "  -n CYCLES   that often in each (1)\n"
      "  -f before   log in in a child, forked before the module is loaded\n"
      "  -f after    log in, fork with the module loaded and the threads\n"
      "              alive, and log in again in the child\n"
      "  -w          say \"ready\" and wait for a line before the logins (of\n"
      "              the child, with -f)\n"
      "  -g          measure how memory grows: a tenth of CYCLES first\n"
      "  -U UID      become this user first\n"
      "  -x TROUBLE  see make_trouble in trouble.c; may be repeated\n"
      "A login is pam_start, pam_authenticate, pam_acct_mgmt and pam_end. The\n"
      "report has one line for each process that logged in: the codes of\n"
      "pam_authenticate or pam_acct_mgmt with the right and with a wrong\n"
      "password, the slowest call in ms, and how many threads, handlers,\n"
      "masks and descriptors are not as before.\n",
      stderr);
  exit(2);
}

void fail(const char *what) {
  fprintf(stderr, "host: %s: %s\n", what, strerror(errno));
  _exit(3);
}

static bool measure_growth;

/* synchronise lets the test change the world before the logins. */
static void synchronise(const struct plan *plan) {
  char line;

  if (!plan->synchronise)
    return;
  if (write(STDOUT_FILENO, "ready\n", 6) != 6)
    fail("stdout");
  while (read(STDIN_FILENO, &line, 1) < 0)
    if (errno != EINTR)
      fail("stdin");
}

/* lose_memory is there to show that the leak sanitizer would speak up. */
static void lose_memory(const struct plan *plan) {
  char *volatile lost;

  if (!plan->leak)
    return;
  lost = malloc(1000);
  lost[0] = 1;
  lost = NULL;
}

static long warm_up(const struct plan *plan, struct tally *tally) {
  struct plan some = *plan;

  if (!measure_growth)
    return 0;
  some.cycles = plan->cycles / 10;
  log_in_threads(&some, tally);
  return resident();
}

/* log_in_and_report is the whole life of a process that does not fork. */
static void log_in_and_report(const struct plan *plan, const char *who) {
  static struct snapshot before;
  struct tally tally = {0};
  long start;

  synchronise(plan);
  if (plan->close_standard)
    for (int fd = 0; fd <= 2; fd++)
      close(fd);
  take_snapshot(&before);
  start = warm_up(plan, &tally);
  log_in_threads(plan, &tally);
  lose_memory(plan);
  write_report(plan, who, &before, &tally,
               measure_growth ? resident() - start : 0);
}

/* in_child logs in on the handle that the parent has opened, then on others. */
static void in_child(const struct plan *plan, pam_handle_t *pamh) {
  static struct snapshot before;
  struct tally tally = {0};

  synchronise(plan);
  take_snapshot(&before);
  log_in_on(plan, pamh, true, &tally);
  log_in_threads(plan, &tally);
  write_report(plan, "child", &before, &tally, 0);
}

static int await_child(pid_t child) {
  int status;

  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR)
      fail("waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int fork_before_loading(const struct plan *plan) {
  pid_t child = fork();

  if (child < 0)
    fail("fork");
  if (child > 0)
    return await_child(child);
  log_in_and_report(plan, "child");
  return 0;
}

static int fork_after_loading(const struct plan *plan) {
  static struct snapshot before;
  struct tally tally = {0};
  pam_handle_t *pamh;
  pid_t child;
  int status;

  take_snapshot(&before);
  pamh = open_handle(plan);
  log_in_and_hold_threads(plan, &tally);
  child = fork();
  if (child < 0)
    fail("fork");
  if (child == 0) {
    in_child(plan, pamh);
    return 0;
  }
  status = await_child(child);
  release_threads();
  if (pam_end(pamh, PAM_SUCCESS) != PAM_SUCCESS)
    fail("pam_end");
  write_report(plan, "parent", &before, &tally, 0);
  return status;
}

static void become(uid_t uid) {
  if (setgroups(0, NULL) != 0 || setgid((gid_t)uid) != 0 || setuid(uid) != 0)
    fail("setuid");
}

static enum forking forking(const char *when) {
  if (strcmp(when, "before") == 0)
    return FORK_BEFORE_LOADING;
  if (strcmp(when, "after") != 0)
    usage();
  return FORK_AFTER_LOADING;
}

static int at_least_one(const char *text, int most) {
  long value = strtol(text, NULL, 10);

  if (value < 1 || value > most)
    usage();
  return (int)value;
}

static void set(struct plan *plan, int option, const char *value) {
  switch (option) {
  case 'd':
    plan->confdir = value;
    break;
  case 's':
    plan->service = value;
    break;
  case 'u':
    plan->user = value;
    break;
  case 'p':
    plan->password = value;
    break;
  case 'o':
    plan->report = value;
    break;
  case 't':
    plan->threads = at_least_one(value, MAX_THREADS);
    break;
  case 'n':
    plan->cycles = at_least_one(value, 1000000);
    break;
  case 'f':
    plan->forking = forking(value);
    break;
  case 'w':
    plan->synchronise = true;
    break;
  case 'g':
    measure_growth = true;
    break;
  case 'U':
    become((uid_t)at_least_one(value, 1 << 30));
    break;
  case 'x':
    if (make_trouble(plan, value))
      break;
    usage();
    break;
  default:
    usage();
  }
}

static void *do_nothing(void *data) { return data; }

/* settle gets what is not the module's doing out of the way: descriptors that
 * this program was started with, and the signal handler that the C library
 * installs with the first thread. */
static void settle(void) {
  pthread_t thread;

  close_descriptors_above(2);
  if (pthread_create(&thread, NULL, do_nothing, NULL) != 0 ||
      pthread_join(thread, NULL) != 0)
    fail("pthread_create");
}

int main(int argc, char **argv) {
  struct plan plan = {.threads = 1, .cycles = 1};

  settle();
  for (int option;
       (option = getopt(argc, argv, "d:s:u:p:o:t:n:f:wgU:x:")) != -1;)
    set(&plan, option, optarg);
  if (optind != argc || plan.confdir == NULL || plan.service == NULL ||
      plan.user == NULL || plan.password == NULL || plan.report == NULL)
    usage();
  switch (plan.forking) {
  case FORK_BEFORE_LOADING:
    return fork_before_loading(&plan);
  case FORK_AFTER_LOADING:
    return fork_after_loading(&plan);
  case FORK_NEVER:
    break;
  }
  log_in_and_report(&plan, "host");
  return 0;
}
