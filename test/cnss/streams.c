/*
 * streams.c is about what the name-service module keeps between calls: the
 * connection of an enumeration, and an answer that did not fit. Programs fork
 * meanwhile, have threads that end, close what is not theirs and change who
 * they are. The daemon is a thread of this process (daemon.h) and counts what
 * it is asked.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common.h"
#include "daemon.h"

enum {
  USERS = 5000,
  MEMBERS = 5000,
  HUGE_MEMBERS = 150000, /* just below 2 MiB */
  TOO_MANY = 200000,
  THREADS = 8,
  DESCRIPTORS = 256,
};

static int listener;
static atomic_uint *requests; /* which children see, too */

/* How long the daemon waits before it goes on, in the middle of a list. */
static atomic_uint pause_milliseconds;

/* Enumerations: entries u0, u1 and so on; groups that grow. */
static void send_users(int fd, struct answer *answer) {
  char name[16];

  for (uint32_t i = 0; i < USERS; i++) {
    if (pause_milliseconds != 0 && i < 3) {
      if (!send_answer(fd, answer))
        return;
      usleep(pause_milliseconds * 1000);
    }
    snprintf(name, sizeof name, "u%u", (unsigned)i);
    put_passwd(answer, name, i);
  }
  put_word(answer, WIRE_RESULT_END);
  (void)send_answer(fd, answer);
}

static void send_groups(int fd, struct answer *answer) {
  put_group(answer, "small", 3);
  put_group(answer, "huge", HUGE_MEMBERS);
  put_group(answer, "small-again", 3);
  put_group(answer, "too-large", TOO_MANY);
  (void)send_answer(fd, answer);
}

static void send_shadow(int fd, struct answer *answer) {
  put_word(answer, WIRE_RESULT_BEGIN);
  put_text(answer, "alice");
  put_text(answer, "$6$salt$hash");
  for (int i = 0; i < 7; i++)
    put_word(answer, (uint32_t)-1);
  put_word(answer, WIRE_RESULT_END);
  (void)send_answer(fd, answer);
}

static void *serve_one(void *data) {
  int fd = *(int *)data;
  unsigned char request[300];
  struct answer answer = {0};
  ssize_t n = recv(fd, request, sizeof request - 1, 0);
  uint32_t action;

  free(data);
  if (n >= 8) {
    request[n] = '\0';
    ++*requests;
    action = (uint32_t)request[5] << 16 | request[7];
    put_word(&answer, WIRE_VERSION);
    put_word(&answer, action);
    switch (action) {
    case ACTION_PASSWD_ALL:
      send_users(fd, &answer);
      break;
    case ACTION_GROUP_ALL:
      send_groups(fd, &answer);
      break;
    case ACTION_SHADOW_BYNAME:
      send_shadow(fd, &answer);
      break;
    default: /* a group or a user of whatever name */
      if (action == ACTION_GROUP_BYNAME)
        put_group(&answer, (const char *)request + 12, MEMBERS);
      else
        put_passwd(&answer, (const char *)request + 12, 1);
      put_word(&answer, WIRE_RESULT_END);
      (void)send_answer(fd, &answer);
    }
  }
  free(answer.data);
  close(fd);
  return NULL;
}

static void *serve(void *data) {
  (void)data;
  for (;;) {
    int *fd = malloc(sizeof *fd);

    if (fd == NULL)
      abort();
    *fd = accept_one(listener);
    if (*fd < 0) {
      free(fd);
      return NULL;
    }
    pthread_detach(start(serve_one, fd));
  }
}

/* A cancelled thread does not run to the end of its functions, which confuses
 * the address sanitizer where it looks for the stack of signal handlers. */
const char *__asan_default_options(void);

const char *__asan_default_options(void) { return "use_sigaltstack=0"; }

/* connections is how many descriptors of this process are the module's: they
 * are connected to the socket, and not from it. They must be above the
 * standard ones, and closed by exec. */
static unsigned connections(void) {
  unsigned count = 0;

  for (int fd = 0; fd < DESCRIPTORS; fd++) {
    struct sockaddr_storage name;
    socklen_t length = sizeof name;

    if (getpeername(fd, (struct sockaddr *)&name, &length) != 0 ||
        length <= sizeof name.ss_family)
      continue;
    count++;
    check(fd > 2 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0,
          "a connection is closed by exec and is not a standard descriptor");
  }
  return count;
}

/* connection is the descriptor, if there is one. */
static int connection(void) {
  for (int fd = 0; fd < DESCRIPTORS; fd++) {
    struct sockaddr_storage name;
    socklen_t length = sizeof name;

    if (getpeername(fd, (struct sockaddr *)&name, &length) == 0 &&
        length > sizeof name.ss_family)
      return fd;
  }
  return -1;
}

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
  unsigned before = *requests;

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
  check(*requests - before == 3, "one request for each enumeration");
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
  unsigned calls, before = *requests;

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
  check(_nss_goldap_endgrent() == NSS_STATUS_SUCCESS && *requests - before == 1,
        "one request for all of that");
  free(buffer);
}

/* A daemon that is slow, but goes on, is waited for; one that does not is not.
 */
static void test_slow(void) {
  wire_time started;

  pause_milliseconds = LOOKUP_BUDGET * 2 / 3;
  _nss_goldap_setpwent(0);
  started = wire_now();
  for (uint32_t i = 0; i < 10; i++)
    next_user(i);
  check(wire_now() - started > LOOKUP_BUDGET, "it took longer than a lookup");
  pause_milliseconds = LOOKUP_BUDGET * 2;
  _nss_goldap_setpwent(0);
  started = wire_now();
  no_user(NSS_STATUS_UNAVAIL, "a daemon that hangs in the middle");
  check(wire_now() - started < LOOKUP_BUDGET + 1000, "it was given up in time");
  check(connections() == 0, "no connection after that");
  no_user(NSS_STATUS_UNAVAIL, "it stays so");
  pause_milliseconds = 0;
  _nss_goldap_endpwent();
}

static void wait_for(pid_t child, const char *what) {
  int status;

  check(child > 0 && waitpid(child, &status, 0) == child && status == 0, what);
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

  pause_milliseconds = 300;
  thread = start(wait_long, &finished);
  usleep(100000);
  pthread_cancel(thread);
  pthread_join(thread, &result);
  check(result == PTHREAD_CANCELED && finished && connections() == 0,
        "a cancelled thread leaves nothing open");
  pause_milliseconds = 0;
}

/* grow_group looks a group up as the C library does, with a buffer that is
 * doubled until it fits, and returns how often the module was called. */
static unsigned grow_group(const char *name) {
  size_t size = 1024;
  char *buffer = NULL;
  struct group entry;
  enum nss_status status;
  unsigned calls = 0;
  int error = 0;

  do {
    buffer = realloc(buffer, size);
    if (buffer == NULL)
      abort();
    status = _nss_goldap_getgrnam_r(name, &entry, buffer, size, &error);
    size *= 2;
    calls++;
  } while (status == NSS_STATUS_TRYAGAIN && error == ERANGE);
  check(status == NSS_STATUS_SUCCESS && strcmp(entry.gr_name, name) == 0 &&
            strcmp(entry.gr_mem[MEMBERS - 1], "m004999") == 0,
        "a group of 5,000 members");
  free(buffer);
  return calls;
}

/* too_small looks the group up with too small a buffer, once, and returns how
 * many requests that was. */
static unsigned too_small(const char *name) {
  char buffer[1024];
  struct group entry;
  unsigned before = *requests;
  int error = 0;

  check(_nss_goldap_getgrnam_r(name, &entry, buffer, sizeof buffer, &error) ==
                NSS_STATUS_TRYAGAIN &&
            error == ERANGE,
        "a buffer that is too small");
  return *requests - before;
}

static void *too_small_here(void *data) {
  (void)data;
  check(too_small("staff") == 1, "another thread's answer is not this one's");
  return NULL;
}

static void test_kept(void) {
  unsigned before = *requests, calls = grow_group("staff");
  pid_t child;

  printf("group of %d members: %u calls, %u requests\n", MEMBERS, calls,
         *requests - before);
  check(calls == 8 && *requests - before == 1, "one request for all calls");
  check(too_small("staff") == 1, "an answer that was given is not kept");
  check(too_small("staff") == 0, "one that was not is");
  pthread_join(start(too_small_here, NULL), NULL);
  check(too_small("other") == 1, "another key");
  check(too_small("staff") == 1, "another key has ended it");
  pretend(4712);
  check(too_small("staff") == 1, "another user");
  pretend(0);
  check(too_small("staff") == 1, "another user has ended it");
  child = fork();
  if (child == 0)
    _exit(too_small("staff") == 1 ? 0 : 1);
  wait_for(child, "a child asks for itself");
  check(too_small("staff") == 0, "the parent's is there");
  advance(1001);
  check(too_small("staff") == 1, "not for longer than a second");
  advance(-1001);
  next_user(0); /* any other call */
  _nss_goldap_endpwent();
  check(too_small("staff") == 1, "an enumeration has ended it");
}

static void test_shadow(void) {
  char buffer[8];
  struct spwd entry;
  unsigned before = *requests;
  int error = 0;

  for (int i = 0; i < 2; i++)
    check(_nss_goldap_getspnam_r("alice", &entry, buffer, sizeof buffer,
                                 &error) == NSS_STATUS_TRYAGAIN &&
              error == ERANGE,
          "a buffer that is too small for a password");
  check(*requests - before == 2, "passwords are not kept");
}

/* ask_as looks a user up as a user, and says whether the daemon was asked. */
static bool ask_as(uid_t user, enum nss_status status) {
  char buffer[128];
  struct passwd entry;
  unsigned before = *requests;
  int error = 0;

  pretend(user);
  check(_nss_goldap_getpwnam_r("alice", &entry, buffer, sizeof buffer,
                               &error) == status &&
            (status == NSS_STATUS_SUCCESS || error == ENOENT),
        "a lookup as somebody");
  _nss_goldap_setpwent(0);
  if (status != NSS_STATUS_SUCCESS)
    no_user(NSS_STATUS_UNAVAIL, "an enumeration as somebody");
  _nss_goldap_endpwent();
  pretend(0);
  return *requests != before;
}

/* The daemon's user owns the socket, or at least its directory. Only root can
 * give them to somebody else; others are that user here. */
static void test_own_user(void) {
  char directory[] = GOLDAP_SOCKET;
  uid_t owner = getuid() == 0 ? 4711 : getuid();

  *strrchr(directory, '/') = '\0';
  check(ask_as(4712, NSS_STATUS_SUCCESS), "anybody asks");
  if (getuid() == 0 && chown(GOLDAP_SOCKET, owner, owner) != 0)
    abort();
  check(!ask_as(owner, NSS_STATUS_UNAVAIL), "the socket's owner does not");
  check(ask_as(4712, NSS_STATUS_SUCCESS), "others do");
  if (getuid() == 0 &&
      (chown(GOLDAP_SOCKET, 0, 0) != 0 || chown(directory, owner, owner) != 0))
    abort();
  check(!ask_as(owner, NSS_STATUS_UNAVAIL), "nor the directory's");
  check(ask_as(0, NSS_STATUS_SUCCESS), "root always asks");
}

int main(void) {
  requests = mmap(NULL, sizeof *requests, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (requests == MAP_FAILED)
    abort();
  listener = listen_here(64);
  pthread_detach(start(serve, NULL));
  test_enumeration();
  test_large_entries();
  test_slow();
  test_fork();
  test_closed();
  test_threads();
  test_cancelled();
  test_kept();
  test_shadow();
  test_own_user();
  unlink(GOLDAP_SOCKET);
  printf("streams: %u faults\n", faults());
  return faults() == 0 ? 0 : 1;
}
