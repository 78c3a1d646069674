#define _GNU_SOURCE
#include "program.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

/* The loader that the kernel starts; a shared library has none of its own. */
#define TEXT_OF(macro) #macro
#define TEXT(macro) TEXT_OF(macro)
__attribute__((section(".interp"), used)) static const char interpreter[] =
    TEXT(GOLDAP_INTERPRETER);

/* What dormant.ld moved out of the loader's sight: Go's initialiser. */
typedef void (*initialiser)(int, char **, char **);
#pragma GCC visibility push(hidden)
extern initialiser goldap_go_init_start[], goldap_go_init_end[];
void goldap_program(long *arguments);
#pragma GCC visibility pop

/* main.go: returns the exit status. */
extern int goldapProgram(void);

/* How long past its deadline the program may live, in seconds. */
enum { GRACE = 1, USAGE_STATUS = 2 };

static void refuse_people(void) {
  static const char text[] =
      "pam_goldap.so is a PAM module; it executes itself where goldapd does "
      "not run.\nTry goldapctl --help.\n";

  if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
    _exit(USAGE_STATUS);
  _exit(USAGE_STATUS);
}

/* The program that loaded the module may have had these closed. */
static void open_standard_fds(void) {
  for (int fd = 0; fd < PROGRAM_FD; fd++) {
    int null = open("/dev/null", O_RDWR);

    if (null >= 0 && null != fd) {
      dup2(null, fd);
      close(null);
    }
  }
}

/* Only the socket is ours. */
static void close_other_fds(void) {
  long limit;

  if (syscall(SYS_close_range, PROGRAM_FD + 1, ~0U, 0) == 0)
    return;
  limit = sysconf(_SC_OPEN_MAX); /* Linux before 5.9 */
  for (int fd = PROGRAM_FD + 1; fd < (limit < 0 ? 65536 : limit); fd++)
    close(fd);
}

/* The Go runtime reserves address space and starts threads: the limits that a
 * program sets for itself are not meant for us. Where the hard limit allows no
 * more, Go ends with a message and the module answers "unavailable". */
static void raise_limit(int resource) {
  struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

  if (setrlimit(resource, &limit) == 0 || getrlimit(resource, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(resource, &limit);
}

/* The kernel ends this program even if nothing in it moves any more. */
static void set_alarm(const char *milliseconds) {
  long budget = strtol(milliseconds, NULL, 10);
  struct itimerval timer = {
      .it_value = {.tv_sec = budget / 1000 + GRACE, .tv_usec = 0}};

  (void)setitimer(ITIMER_REAL, &timer, NULL);
}

void goldap_program(long *arguments) {
  int argc = (int)arguments[0];
  char **argv = (char **)(arguments + 1);
  struct stat st;

  if (argc != 3 || fstat(PROGRAM_FD, &st) != 0 || !S_ISSOCK(st.st_mode))
    refuse_people();
  open_standard_fds();
  close_other_fds();
  (void)prctl(PR_SET_DUMPABLE, 0);
  raise_limit(RLIMIT_AS);
  raise_limit(RLIMIT_DATA);
  raise_limit(RLIMIT_NPROC);
  raise_limit(RLIMIT_NOFILE);
  set_alarm(argv[1]);
  for (initialiser *init = goldap_go_init_start; init < goldap_go_init_end;
       init++)
    (*init)(argc, argv, argv + argc + 1);
  _exit(goldapProgram());
}
