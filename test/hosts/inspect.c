#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host.h"

/* How long a thread that was joined may still be seen, in tenths of a
 * millisecond: the kernel takes it off the list a moment later. */
enum { THREAD_PATIENCE = 20000 };

static int count_threads(void) {
  DIR *tasks = opendir("/proc/self/task");
  int count = 0;

  if (tasks == NULL)
    fail("/proc/self/task");
  for (struct dirent *entry; (entry = readdir(tasks)) != NULL;)
    if (entry->d_name[0] != '.')
      count++;
  closedir(tasks);
  return count;
}

/* settled_threads gives threads that have ended the time to vanish. */
static int settled_threads(int expected) {
  struct timespec moment = {.tv_nsec = 100000};
  int count = count_threads();

  for (int i = 0; count > expected && i < THREAD_PATIENCE; i++) {
    nanosleep(&moment, NULL);
    count = count_threads();
  }
  return count;
}

/* read_handlers asks the kernel itself: sigaction(3) hides two signals. */
static void read_handlers(unsigned char handlers[SIGNALS + 1][64]) {
  for (int signal = 1; signal <= SIGNALS; signal++)
    if (syscall(SYS_rt_sigaction, signal, NULL, handlers[signal], 8) != 0)
      fail("rt_sigaction");
}

unsigned long long signal_mask(void) {
  unsigned long long mask = 0;

  if (syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, sizeof mask) != 0)
    fail("rt_sigprocmask");
  return mask;
}

/* read_descriptors says what each descriptor is. It tries the numbers one by
 * one, since reading /proc/self/fd would take a number itself. */
static void read_descriptors(char descriptors[MAX_DESCRIPTORS][64]) {
  for (int fd = 0; fd < MAX_DESCRIPTORS; fd++) {
    char path[32];
    ssize_t length;

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    length = readlink(path, descriptors[fd], sizeof descriptors[fd] - 1);
    descriptors[fd][length < 0 ? 0 : length] = '\0';
  }
}

void take_snapshot(struct snapshot *snapshot) {
  *snapshot = (struct snapshot){0};
  snapshot->threads = count_threads();
  read_handlers(snapshot->handlers);
  snapshot->mask = signal_mask();
  read_descriptors(snapshot->descriptors);
}

/* scan calls judge for each line of a file in /proc and adds up its answers. */
static long scan(const char *path, long (*judge)(const char *line)) {
  FILE *file = fopen(path, "re");
  char line[1024];
  long sum = 0;

  if (file == NULL)
    fail(path);
  while (fgets(line, sizeof line, file) != NULL)
    sum += judge(line);
  fclose(file);
  return sum;
}

static long anonymous_kilobytes(const char *line) {
  return strncmp(line, "RssAnon:", 8) == 0 ? strtol(line + 8, NULL, 10) : 0;
}

long resident(void) { return scan("/proc/self/status", anonymous_kilobytes); }

static long is_module(const char *line) {
  return strstr(line, "pam_goldap") != NULL;
}

/* count_changes counts the signals and descriptors that are not as before. */
static void count_changes(const struct snapshot *before,
                          const struct snapshot *after, int *handlers,
                          int *descriptors) {
  *handlers = *descriptors = 0;
  for (int signal = 1; signal <= SIGNALS; signal++)
    if (memcmp(before->handlers[signal], after->handlers[signal],
               sizeof before->handlers[signal]) != 0)
      ++*handlers;
  for (int fd = 0; fd < MAX_DESCRIPTORS; fd++)
    if (strcmp(before->descriptors[fd], after->descriptors[fd]) != 0)
      ++*descriptors;
}

/* has_children says whether there is a child, dead or alive, without waiting
 * for it. */
static bool has_children(void) {
  siginfo_t info;

  while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
    if (errno != EINTR)
      return false;
  return true;
}

/* A line that is being put together. */
struct line {
  char text[2048];
  size_t length;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *line,
                                                      const char *format, ...) {
  va_list args;
  int n;

  va_start(args, format);
  n = vsnprintf(line->text + line->length, sizeof line->text - line->length,
                format, args);
  va_end(args);
  if (n < 0 || (size_t)n >= sizeof line->text - line->length)
    fail("the report is too long");
  line->length += (size_t)n;
}

/* add_codes adds "name=CODE:COUNT,..." to the line. */
static void add_codes(struct line *line, const char *name,
                      const unsigned counts[_PAM_RETURN_VALUES]) {
  const char *comma = "";

  add(line, " %s=", name);
  for (int code = 0; code < _PAM_RETURN_VALUES; code++)
    if (counts[code] != 0) {
      add(line, "%s%d:%u", comma, code, counts[code]);
      comma = ",";
    }
}

void write_report(const struct plan *plan, const char *who,
                  const struct snapshot *before, const struct tally *tally,
                  long growth) {
  static struct snapshot after;
  struct line line = {.length = 0};
  bool children = has_children();
  int handlers, descriptors, fd, threads;

  threads = settled_threads(before->threads);
  take_snapshot(&after);
  count_changes(before, &after, &handlers, &descriptors);
  add(&line, "%s", who);
  add_codes(&line, "right", tally->right);
  add_codes(&line, "wrong", tally->wrong);
  add(&line, " slowest=%ld threads=%d handlers=%d mask=%d", tally->slowest,
      threads - before->threads, handlers,
      before->mask != after.mask || tally->mask_changed);
  add(&line, " descriptors=%d children=%d mapped=%ld growth=%ld\n", descriptors,
      children, scan("/proc/self/maps", is_module), growth);
  fd = open(plan->report, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || write(fd, line.text, line.length) != (ssize_t)line.length)
    fail(plan->report);
  close(fd);
}
