/*
 * streams.c is about enumerations, whose connection the name-service module
 * keeps between calls. Programs fork meanwhile, have threads that end or are
 * cancelled, and close what is not theirs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"
#include "daemon.h"

enum { THREADS = 8 };

/* A cancelled thread does not run to the end of its functions, which confuses
 * the address sanitizer where it looks for the stack of signal handlers. */
const char *__asan_default_options(void);

const char *__asan_default_options(void) { return "use_sigaltstack=0"; }

/* next_user is the next entry, which must be the one with the number. */
static void next_user(uint32_t number) {
  struct passwd entry;
  char buffer[128], name[16];
  int error = 0;

  snprintf(name, sizeof name, "u%u", (unsigned)number);
  check(_nss_goldap_getpwent_r(&entry, buffer, sizeof buffer, &error) ==
                NSS_STATUS_SUCCESS &&
            entry.pw_uid == number && strcmp(entry.pw_name, name) == 0,
        "the next entry");
}

static void no_user(enum nss_status status, const char *what) {
  struct passwd entry;
  char buffer[128];
  int error = 0;

  check(_nss_goldap_getpwent_r(&entry, buffer, sizeof buffer, &error) ==
                status &&
            error == ENOENT,
        what);
}

static void all_users(void) {
  for (uint32_t i = 0; i < USERS; i++)
    next_user(i);
  no_user(NSS_STATUS_NOTFOUND, "the end");
  no_user(NSS_STATUS_NOTFOUND, "the end stays the end");
}

static void test_enumeration(void) {
  unsigned before = requests();

  all_users();
  check(connections() == 0, "no connection after the end");
  check(_nss_goldap_setpwent(0) == NSS_STATUS_SUCCESS, "setpwent");
  check(connections() == 0, "setpwent does not connect");
  next_user(0);
  check(connections() == 1, "a connection in the middle");
  check(_nss_goldap_setpwent(1) == NSS_STATUS_SUCCESS, "setpwent again");
  check(connections() == 0, "it begins anew");
  all_users();
  _nss_goldap_endpwent();
  check(requests() - before == 3, "one request for each enumeration");
}

/* get_group is the next entry in growing buffers, as the C library has them. */
static enum nss_status get_group(struct group *entry, char **buffer,
                                 unsigned *calls) {
  enum nss_status status;
  size_t size = 256;
  int error = 0;

  for (*calls = 1;; ++*calls) {
    *buffer = realloc(*buffer, size);
    if (*buffer == NULL)
      abort();
    status = _nss_goldap_getgrent_r(entry, *buffer, size, &error);
    if (status != NSS_STATUS_TRYAGAIN || error != ERANGE)
      return status;
    size *= 2;
  }
}

static void test_large_entries(void) {
  struct group entry;
  char *buffer = NULL;
  unsigned calls, before = requests();

  check(get_group(&entry, &buffer, &calls) == NSS_STATUS_SUCCESS &&
            strcmp(entry.gr_name, "small") == 0 && entry.gr_mem[3] == NULL,
        "a small group");
  check(get_group(&entry, &buffer, &calls) == NSS_STATUS_SUCCESS &&
            strcmp(entry.gr_name, "huge") == 0 && calls > 10 &&
            strcmp(entry.gr_mem[HUGE_MEMBERS - 1], "m149999") == 0 &&
            entry.gr_mem[HUGE_MEMBERS] == NULL,
        "a group of nearly 2 MiB");
  check(get_group(&entry, &buffer, &calls) == NSS_STATUS_SUCCESS &&
            strcmp(entry.gr_name, "small-again") == 0,
        "the one behind it");
  check(get_group(&entry, &buffer, &calls) == NSS_STATUS_UNAVAIL,
        "a group of more than 2 MiB ends it");
  check(_nss_goldap_endgrent() == NSS_STATUS_SUCCESS &&
            requests() - before == 1,
        "one request for all of that");
  free(buffer);
}

/* A daemon that is slow, but goes on, is waited for; one that does not is not.
 */
static void test_slow(void) {
  wire_time started;

  pause_lists(LOOKUP_BUDGET * 2 / 3);
  _nss_goldap_setpwent(0);
  started = wire_now();
  for (uint32_t i = 0; i < 10; i++)
    next_user(i);
  check(wire_now() - started > LOOKUP_BUDGET, "it took longer than a lookup");
  pause_lists(LOOKUP_BUDGET * 2);
  _nss_goldap_setpwent(0);
  started = wire_now();
  no_user(NSS_STATUS_UNAVAIL, "a daemon that hangs in the middle");
  check(wire_now() - started < LOOKUP_BUDGET + 1000, "it was given up in time");
  check(connections() == 0, "no connection after that");
  no_user(NSS_STATUS_UNAVAIL, "it stays so");
  pause_lists(0);
  _nss_goldap_endpwent();
}

/* A child of the middle of an enumeration reads nothing of it. It can begin
 * its own; the parent's goes on. */
static void test_fork(void) {
  pid_t child;

  _nss_goldap_setpwent(0);
  for (uint32_t i = 0; i < 100; i++)
    next_user(i);
  child = fork();
  if (child == 0) {
    no_user(NSS_STATUS_UNAVAIL, "the parent's stream is not the child's");
    check(connections() == 0, "the child lets it go");
    _nss_goldap_setpwent(0);
    all_users();
    _exit(faults() == 0 ? 0 : 1);
  }
  wait_for(child, "a child in the middle");
  for (uint32_t i = 100; i < 200; i++)
    next_user(i);
  child = fork();
  if (child == 0)
    _exit(_nss_goldap_endpwent() == NSS_STATUS_SUCCESS ? 0 : 1);
  wait_for(child, "a child that ends it");
  for (uint32_t i = 200; i < USERS; i++)
    next_user(i);
  no_user(NSS_STATUS_NOTFOUND, "the parent's end");
  _nss_goldap_endpwent();
}

/* A child that does nothing does not keep the daemon sending. */
static void test_idle_child(void) {
  int pair[2];
  pid_t child;
  char byte;

  if (pipe2(pair, O_CLOEXEC) != 0)
    abort();
  check(idle(10000), "the daemon has nothing to do");
  _nss_goldap_setpwent(0);
  next_user(0);
  child = fork();
  if (child == 0) {
    close(pair[1]);
    _exit(read(pair[0], &byte, 1) == 0 ? 0 : 1);
  }
  check(!idle(0), "the daemon is in the middle of the list");
  _nss_goldap_endpwent();
  check(idle(1000), "the daemon sees the end, though a child has the stream");
  close(pair[0]);
  close(pair[1]);
  wait_for(child, "an idle child");
}

/* A program that closes all of its descriptors and opens its own. */
static void test_closed(void) {
  int pair[2], fd;
  char byte;

  _nss_goldap_setpwent(0);
  next_user(0);
  fd = connection();
  if (fd < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0 ||
      dup3(pair[0], fd, O_CLOEXEC) != fd) /* closes the module's */
    abort();
  if (send(pair[1], "x", 1, 0) != 1)
    abort();
  while (_nss_goldap_getpwent_r(&(struct passwd){0}, (char[128]){0}, 128,
                                &(int){0}) == NSS_STATUS_SUCCESS)
    ; /* what had been read already */
  no_user(NSS_STATUS_UNAVAIL, "a stream that somebody else has closed");
  _nss_goldap_endpwent();
  check(recv(fd, &byte, 1, MSG_DONTWAIT) == 1 && byte == 'x',
        "the program's own descriptor was not read and is open");
  close(fd);
  close(pair[0]);
  close(pair[1]);
}

static void *enumerate_half(void *data) {
  (void)data;
  for (uint32_t i = 0; i < USERS / 2; i++)
    next_user(i);
  return NULL; /* without endpwent */
}

static void *enumerate_all(void *data) {
  (void)data;
  all_users();
  _nss_goldap_endpwent();
  return NULL;
}

static void test_threads(void) {
  pthread_t threads[THREADS];

  for (int i = 0; i < THREADS; i++)
    threads[i] = start(i % 2 == 0 ? enumerate_half : enumerate_all, NULL);
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  check(connections() == 0, "a thread that ends leaves nothing open");
}

static void *wait_long(void *data) {
  struct passwd entry;
  char buffer[128];
  int error = 0;

  _nss_goldap_setpwent(0);
  (void)_nss_goldap_getpwent_r(&entry, buffer, sizeof buffer, &error);
  _nss_goldap_endpwent();
  *(bool *)data = true;
  pthread_testcancel();
  *(bool *)data = false;
  return NULL;
}

/* A thread that is cancelled in the middle of a call dies behind it. */
static void test_cancelled(void) {
  bool finished = false;
  pthread_t thread;
  void *result;

  pause_lists(300);
  thread = start(wait_long, &finished);
  usleep(100000);
  pthread_cancel(thread);
  pthread_join(thread, &result);
  check(result == PTHREAD_CANCELED && finished && connections() == 0,
        "a cancelled thread leaves nothing open");
  pause_lists(0);
}

int main(void) {
  start_daemon();
  test_enumeration();
  test_large_entries();
  test_slow();
  test_fork();
  test_idle_child();
  test_closed();
  test_threads();
  test_cancelled();
  unlink(GOLDAP_SOCKET);
  printf("streams: %u faults\n", faults());
  return faults() == 0 ? 0 : 1;
}
