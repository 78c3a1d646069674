#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "module.h"
#include "program.h"

enum {
  GRACE = 500, /* how long past its deadline a child may take to exit, in ms */
  PIDFD = 3,   /* P_PIDFD of waitid(2), which older C libraries lack */
};

/* own_path is where libpam loaded this file from. */
static const char *own_path(void) {
#ifdef GOLDAP_PROGRAM /* builds for tests: the C files alone */
  return GOLDAP_PROGRAM;
#else
  Dl_info info;

  if (dladdr((const void *)&goldap_spawn, &info) == 0)
    return NULL;
  return info.dli_fname;
#endif
}

/* set_up gives the child descriptor 3 and the signals of a new program. What
 * else it inherits, it closes itself before it does anything (program.c). */
static int set_up(posix_spawnattr_t *attributes,
                  posix_spawn_file_actions_t *actions, int fd) {
  sigset_t none, all;
  int error;

  sigemptyset(&none);
  sigfillset(&all);
  if ((error = posix_spawnattr_setsigmask(attributes, &none)) != 0 ||
      (error = posix_spawnattr_setsigdefault(attributes, &all)) != 0 ||
      (error = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK |
                                                        POSIX_SPAWN_SETSIGDEF)))
    return error;
  return posix_spawn_file_actions_adddup2(actions, fd, PROGRAM_FD);
}

static int spawn_program(const char *path, char *const argv[], int fd,
                         pid_t *pid) {
  /* Nothing of the host's. One processor is what one request needs: with more,
   * Go's scheduler wakes threads that only find nothing to do. */
  char *const environment[] = {(char[]){"GOMAXPROCS=1"}, NULL};
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
  int error;

  if ((error = posix_spawnattr_init(&attributes)) != 0)
    return error;
  if ((error = posix_spawn_file_actions_init(&actions)) == 0) {
    if ((error = set_up(&attributes, &actions, fd)) == 0)
      error = posix_spawn(pid, path, &actions, &attributes, argv, environment);
    posix_spawn_file_actions_destroy(&actions);
  }
  posix_spawnattr_destroy(&attributes);
  return error;
}

int goldap_spawn(const struct call *call, int milliseconds,
                 struct child *child) {
  const char *path = own_path();
  const char *config = call->options.config;
  char budget[16];
  char *argv[] = {(char[]){"pam_goldap"}, budget,
                  (char *)(config != NULL ? config : ""), NULL};
  int pair[2], error;

  if (path == NULL) {
    errno = ENOENT;
    return -1;
  }
  snprintf(budget, sizeof budget, "%d", milliseconds);
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    return -1;
  pair[0] = wire_lift_fd(pair[0]);
  pair[1] = wire_lift_fd(pair[1]);
  error = pair[0] < 0 || pair[1] < 0
              ? EMFILE
              : spawn_program(path, argv, pair[1], &child->pid);
  if (pair[1] >= 0)
    close(pair[1]);
  child->fd = pair[0];
  if (error == 0) {
    /* The child lives: it waits for its request. */
    child->pidfd = wire_lift_fd((int)syscall(SYS_pidfd_open, child->pid, 0));
    return 0;
  }
  if (pair[0] >= 0)
    close(pair[0]);
  errno = error;
  return -1;
}

/* reap_by_pidfd waits for the child and nobody else, even if the program has
 * reaped it and its pid belongs to a stranger by now. */
static void reap_by_pidfd(int pidfd, wire_time deadline) {
  struct pollfd p = {.fd = pidfd, .events = POLLIN};
  siginfo_t info;
  wire_time left;

  while ((left = deadline - wire_now()) > 0)
    if (poll(&p, 1, (int)left) >= 0 || errno != EINTR)
      break;
  if (p.revents == 0)
    (void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
  while (waitid((idtype_t)PIDFD, (id_t)pidfd, &info, WEXITED) < 0 &&
         errno == EINTR)
    continue;
}

/* reap_by_pid does what it can on Linux before 5.4 or without a descriptor to
 * spare: a pid that waitpid(2) knows is still the child's. */
static void reap_by_pid(pid_t pid, wire_time deadline) {
  while (waitpid(pid, NULL, WNOHANG) == 0) {
    if (wire_now() >= deadline)
      (void)kill(pid, SIGKILL);
    poll(NULL, 0, 1);
  }
}

void goldap_reap(struct child *child, wire_time deadline) {
  close(child->fd);
  if (child->pidfd < 0)
    reap_by_pid(child->pid, deadline + GRACE);
  else {
    reap_by_pidfd(child->pidfd, deadline + GRACE);
    close(child->pidfd);
  }
}
