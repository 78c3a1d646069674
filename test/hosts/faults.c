/*
 * faults.c makes one call of the C library by the module fail, for LD_PRELOAD:
 * the GOLDAP_FAULT_NTH-th call of GOLDAP_FAULT that comes from pam_goldap.
 * Calls by anybody else, libpam too, are let alone. If it made one fail, it
 * says so on stderr.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <security/pam_modules.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* is_due reports whether this call of function is the one. */
static bool is_due(const char *function, void *caller) {
  static int calls;
  const char *chosen = getenv("GOLDAP_FAULT");
  const char *nth = getenv("GOLDAP_FAULT_NTH");
  Dl_info who;

  if (chosen == NULL || nth == NULL || strcmp(chosen, function) != 0 ||
      dladdr(caller, &who) == 0 ||
      strstr(who.dli_fname, "pam_goldap") == NULL || ++calls != atoi(nth))
    return false;
  (void)!write(STDERR_FILENO, "fault\n", 6);
  return true;
}

#define CALLER __builtin_return_address(0)

/* real returns the C library's function. */
static void *real(const char *function) { return dlsym(RTLD_NEXT, function); }

void *malloc(size_t size) {
  static void *(*next)(size_t);

  if (next == NULL)
    *(void **)&next = real("malloc");
  return is_due("malloc", CALLER) ? NULL : next(size);
}

void *calloc(size_t count, size_t size) {
  static void *(*next)(size_t, size_t);

  if (next == NULL)
    *(void **)&next = real("calloc");
  return is_due("calloc", CALLER) ? NULL : next(count, size);
}

char *strdup(const char *text) {
  char *(*next)(const char *);

  *(void **)&next = real("strdup");
  return is_due("strdup", CALLER) ? NULL : next(text);
}

int socket(int domain, int type, int protocol) {
  int (*next)(int, int, int);

  *(void **)&next = real("socket");
  if (!is_due("socket", CALLER))
    return next(domain, type, protocol);
  errno = EMFILE;
  return -1;
}

int connect(int fd, const struct sockaddr *address, socklen_t length) {
  int (*next)(int, const struct sockaddr *, socklen_t);

  *(void **)&next = real("connect");
  if (!is_due("connect", CALLER))
    return next(fd, address, length);
  errno = ECONNREFUSED;
  return -1;
}

ssize_t send(int fd, const void *data, size_t size, int flags) {
  ssize_t (*next)(int, const void *, size_t, int);

  *(void **)&next = real("send");
  if (!is_due("send", CALLER))
    return next(fd, data, size, flags);
  errno = EPIPE;
  return -1;
}

/* A read that fails, and one that comes to an early end. */
ssize_t recv(int fd, void *data, size_t size, int flags) {
  ssize_t (*next)(int, void *, size_t, int);

  *(void **)&next = real("recv");
  if (is_due("recv", CALLER)) {
    errno = ECONNRESET;
    return -1;
  }
  if (is_due("end", CALLER))
    return 0;
  return next(fd, data, is_due("short", CALLER) ? 1 : size, flags);
}

int poll(struct pollfd *fds, nfds_t count, int timeout) {
  int (*next)(struct pollfd *, nfds_t, int);

  *(void **)&next = real("poll");
  if (!is_due("poll", CALLER))
    return next(fds, count, timeout);
  errno = ENOMEM;
  return -1;
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *length) {
  int (*next)(int, int, int, void *, socklen_t *);

  *(void **)&next = real("getsockopt");
  if (!is_due("getsockopt", CALLER))
    return next(fd, level, name, value, length);
  errno = ENOBUFS;
  return -1;
}

int pam_set_data(pam_handle_t *pamh, const char *name, void *data,
                 void (*cleanup)(pam_handle_t *, void *, int)) {
  int (*next)(pam_handle_t *, const char *, void *,
              void (*)(pam_handle_t *, void *, int));

  *(void **)&next = real("pam_set_data");
  return is_due("pam_set_data", CALLER) ? PAM_BUF_ERR
                                        : next(pamh, name, data, cleanup);
}

int pam_putenv(pam_handle_t *pamh, const char *variable) {
  int (*next)(pam_handle_t *, const char *);

  *(void **)&next = real("pam_putenv");
  return is_due("pam_putenv", CALLER) ? PAM_BUF_ERR : next(pamh, variable);
}
