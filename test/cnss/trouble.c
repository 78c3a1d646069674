/*
 * trouble.c has the name-service module talk to daemons that hang, trickle, do
 * not accept or say too much, over a real socket whose path is compiled in
 * (GOLDAP_SOCKET, in the current directory), with a timer that interrupts a
 * thousand times a second. The daemon is a thread of the same process. Built
 * with the thread sanitizer it shows, too, that threads share nothing in there.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common.h"

enum { THREADS = 8, LOOKUPS = 500, GROUP_BYTES = 4 * 1024 * 1024 };
enum { GROUP_MEMBERS = 150000, TOO_MANY = 200000 };

static atomic_uint faults;
static int listener;

static void check(bool good, const char *what) {
  if (good)
    return;
  printf("%s: not so\n", what);
  faults++;
}

static void listen_here(int backlog) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};

  strcpy(address.sun_path, GOLDAP_SOCKET);
  unlink(GOLDAP_SOCKET);
  listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0 ||
      bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
      listen(listener, backlog) != 0) {
    perror(GOLDAP_SOCKET);
    exit(1);
  }
}

/* put sends n bytes, and gives up when the module has. */
static bool put(int fd, const void *data, size_t n) {
  const char *next = data;

  while (n > 0) {
    ssize_t sent = send(fd, next, n, MSG_NOSIGNAL);

    if (sent < 0 && errno != EINTR)
      return false;
    if (sent > 0) {
      next += sent;
      n -= (size_t)sent;
    }
  }
  return true;
}

static bool put_word(int fd, uint32_t word) {
  unsigned char b[4] = {(unsigned char)(word >> 24),
                        (unsigned char)(word >> 16), (unsigned char)(word >> 8),
                        (unsigned char)word};

  return put(fd, b, sizeof b);
}

static bool put_text(int fd, const char *text) {
  return put_word(fd, (uint32_t)strlen(text)) && put(fd, text, strlen(text));
}

static int accept_one(void) {
  int fd;

  do
    fd = accept(listener, NULL, NULL);
  while (fd < 0 && errno == EINTR);
  return fd;
}

/* trickle is a daemon that sends a byte of an endless name now and then. */
static void *trickle(void *data) {
  int fd = accept_one();

  (void)data;
  (void)(put_word(fd, WIRE_VERSION) && put_word(fd, ACTION_PASSWD_BYNAME) &&
         put_word(fd, WIRE_RESULT_BEGIN) && put_word(fd, 1000000));
  while (put(fd, "x", 1))
    usleep(20000);
  close(fd);
  return NULL;
}

/* large is a daemon with a group of *data members, for one question. */
static void *large(void *data) {
  int members = *(const int *)data, fd = accept_one();
  bool open = put_word(fd, WIRE_VERSION) && put_word(fd, ACTION_GROUP_BYNAME) &&
              put_word(fd, WIRE_RESULT_BEGIN) && put_text(fd, "large") &&
              put_text(fd, "*") && put_word(fd, 4711) &&
              put_word(fd, (uint32_t)members);
  char name[16];

  for (int i = 0; open && i < members; i++) {
    snprintf(name, sizeof name, "m%06d", i);
    open = put_text(fd, name);
  }
  (void)(open && put_word(fd, WIRE_RESULT_END));
  shutdown(fd, SHUT_WR);
  while (open && recv(fd, name, sizeof name, 0) > 0)
    ;
  close(fd);
  return NULL;
}

/* echo answers THREADS * LOOKUPS questions with the name that was asked. */
static void *echo(void *data) {
  (void)data;
  for (int i = 0; i < THREADS * LOOKUPS; i++) {
    int fd = accept_one();
    unsigned char request[64];
    ssize_t n = recv(fd, request, sizeof request - 1, 0);

    if (n > 12) {
      request[n] = '\0';
      (void)(put_word(fd, WIRE_VERSION) && put_word(fd, ACTION_PASSWD_BYNAME) &&
             put_word(fd, WIRE_RESULT_BEGIN) &&
             put_text(fd, (const char *)request + 12) && put_text(fd, "*") &&
             put_word(fd, 1) && put_word(fd, 2) && put_text(fd, "") &&
             put_text(fd, "/") && put_text(fd, "/bin/sh") &&
             put_word(fd, WIRE_RESULT_END));
    }
    close(fd);
  }
  return NULL;
}

static void *ask_echo(void *data) {
  char name[32], buffer[256];

  for (int i = 0; i < LOOKUPS; i++) {
    struct passwd entry;
    int error = 0;

    snprintf(name, sizeof name, "t%d-%d", *(int *)data, i);
    check(_nss_goldap_getpwnam_r(name, &entry, buffer, sizeof buffer, &error) ==
                  NSS_STATUS_SUCCESS &&
              strcmp(entry.pw_name, name) == 0,
          "each thread gets its own answer");
  }
  return NULL;
}

static pthread_t start(void *(*work)(void *), void *data) {
  pthread_t thread;

  if (pthread_create(&thread, NULL, work, data) != 0) {
    perror("pthread_create");
    exit(1);
  }
  return thread;
}

/* ask is a lookup that fails with a status and an error after min to max
 * milliseconds. */
static void ask(enum nss_status status, int error, wire_time min, wire_time max,
                const char *what) {
  char buffer[256];
  struct passwd entry;
  int got = 0;
  wire_time started = wire_now(), took;

  check(_nss_goldap_getpwnam_r("alice", &entry, buffer, sizeof buffer, &got) ==
                status &&
            got == error,
        what);
  took = wire_now() - started;
  check(took >= min && took <= max, what);
}

static void test_absent(void) {
  unlink(GOLDAP_SOCKET);
  ask(NSS_STATUS_UNAVAIL, ENOENT, 0, 500, "no socket");
  listen_here(8);
  close(listener);
  ask(NSS_STATUS_UNAVAIL, ENOENT, 0, 500, "nobody listens");
}

static void test_slow(void) {
  pthread_t daemon;

  listen_here(8);
  ask(NSS_STATUS_UNAVAIL, ENOENT, LOOKUP_BUDGET - 100, LOOKUP_BUDGET + 1000,
      "a daemon that hangs");
  close(listener);
  listen_here(8);
  daemon = start(trickle, NULL);
  ask(NSS_STATUS_UNAVAIL, ENOENT, LOOKUP_BUDGET - 100, LOOKUP_BUDGET + 1000,
      "a daemon that trickles");
  pthread_join(daemon, NULL);
  close(listener);
}

static void test_crowded(void) {
  int waiting;

  listen_here(0);
  waiting = wire_connect(GOLDAP_SOCKET, wire_now() + 1000);
  check(waiting >= 0, "the queue has room for one");
  ask(NSS_STATUS_TRYAGAIN, EAGAIN, LOOKUP_BUDGET - 100, LOOKUP_BUDGET + 1000,
      "a full queue");
  close(waiting);
  close(listener);
}

static void test_large(int members, enum nss_status status) {
  char *buffer = malloc(GROUP_BYTES);
  struct group entry = {0};
  int error = 0, count = 0;
  pthread_t daemon;

  if (buffer == NULL)
    abort();
  listen_here(8);
  daemon = start(large, &members);
  check(_nss_goldap_getgrnam_r("large", &entry, buffer, GROUP_BYTES, &error) ==
            status,
        "a large group");
  pthread_join(daemon, NULL);
  close(listener);
  while (status == NSS_STATUS_SUCCESS && entry.gr_mem[count] != NULL)
    count++;
  check(status != NSS_STATUS_SUCCESS ||
            (count == members && strcmp(entry.gr_mem[0], "m000000") == 0 &&
             strcmp(entry.gr_mem[count - 1], "m149999") == 0),
        "all members");
  free(buffer);
}

static void test_threads(void) {
  pthread_t daemon, threads[THREADS];
  int numbers[THREADS];

  listen_here(64);
  daemon = start(echo, NULL);
  for (int i = 0; i < THREADS; i++) {
    numbers[i] = i;
    threads[i] = start(ask_echo, &numbers[i]);
  }
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  pthread_join(daemon, NULL);
  close(listener);
}

static void interrupt(int number) { (void)number; }

static void start_timer(void) {
  struct sigaction action = {.sa_handler = interrupt};
  struct itimerval often = {{0, 1000}, {0, 1000}};

  if (sigaction(SIGALRM, &action, NULL) != 0 ||
      setitimer(ITIMER_REAL, &often, NULL) != 0) {
    perror("timer");
    exit(1);
  }
}

int main(void) {
  start_timer();
  test_absent();
  test_slow();
  test_crowded();
  test_large(GROUP_MEMBERS, NSS_STATUS_SUCCESS);
  test_large(TOO_MANY, NSS_STATUS_UNAVAIL);
  test_threads();
  unlink(GOLDAP_SOCKET);
  printf("trouble: %u faults\n", faults);
  return faults == 0 ? 0 : 1;
}
