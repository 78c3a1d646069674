/*
 * trouble.c has the name-service module talk to daemons that hang, trickle, do
 * not accept or say too much, over a real socket whose path is compiled in
 * (GOLDAP_SOCKET, in the current directory), with a timer that interrupts a
 * thousand times a second. The daemon is a thread of the same process. Built
 * with the thread sanitizer, and without the timer, it shows that threads share
 * nothing in there.
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
#include "daemon.h"

enum { THREADS = 8, LOOKUPS = 500, GROUP_BYTES = 4 * 1024 * 1024 };

static int listener;

/* trickle is a daemon that sends a byte of an endless name now and then. */
static void *trickle(void *data) {
  int fd = accept_one(listener);
  struct answer answer = {0};

  (void)data;
  put_word(&answer, WIRE_VERSION);
  put_word(&answer, ACTION_PASSWD_BYNAME);
  put_word(&answer, WIRE_RESULT_BEGIN);
  put_word(&answer, 1000000);
  (void)send_answer(fd, &answer);
  while (send(fd, "x", 1, MSG_NOSIGNAL) == 1 || errno == EINTR)
    usleep(20000);
  close(fd);
  return NULL;
}

/* large is a daemon with a group of *data members, for one question. */
static void *large(void *data) {
  int fd = accept_one(listener);
  struct answer answer = {0};
  char rest[16];

  put_word(&answer, WIRE_VERSION);
  put_word(&answer, ACTION_GROUP_BYNAME);
  put_group(&answer, "large", *(const uint32_t *)data);
  put_word(&answer, WIRE_RESULT_END);
  if (send_answer(fd, &answer)) {
    shutdown(fd, SHUT_WR);
    while (recv(fd, rest, sizeof rest, 0) > 0)
      ;
  }
  close(fd);
  return NULL;
}

/* echo answers THREADS * LOOKUPS questions with the name that was asked. */
static void *echo(void *data) {
  (void)data;
  for (int i = 0; i < THREADS * LOOKUPS; i++) {
    int fd = accept_one(listener);
    unsigned char request[64];
    struct answer answer = {0};
    ssize_t n;

    do
      n = recv(fd, request, sizeof request - 1, 0);
    while (n < 0 && errno == EINTR);
    if (n > 12) {
      request[n] = '\0';
      put_word(&answer, WIRE_VERSION);
      put_word(&answer, ACTION_PASSWD_BYNAME);
      put_passwd(&answer, (const char *)request + 12, 1);
      put_word(&answer, WIRE_RESULT_END);
      (void)send_answer(fd, &answer);
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

/* host_error is h_errno of a lookup of a host and of a network that fail
 * alike, or 0. */
static int host_error(enum nss_status status) {
  char buffer[256];
  struct hostent host;
  struct netent network;
  int error = 0, of_host = 0, of_network = 0;

  if (_nss_goldap_gethostbyname_r("box", &host, buffer, sizeof buffer, &error,
                                  &of_host) != status ||
      _nss_goldap_getnetbyname_r("lan", &network, buffer, sizeof buffer, &error,
                                 &of_network) != status ||
      of_host != of_network)
    return 0;
  return of_host;
}

/* Families that no host has are refused without asking. */
static void test_families(void) {
  char buffer[256], address[16] = "";
  struct hostent host;
  int error = 0, h_error = 0;

  check(_nss_goldap_gethostbyname2_r("box", AF_UNIX, &host, buffer,
                                     sizeof buffer, &error,
                                     &h_error) == NSS_STATUS_UNAVAIL &&
            error == EAFNOSUPPORT && h_error == NETDB_INTERNAL,
        "a name of no family");
  h_error = 0;
  check(_nss_goldap_gethostbyaddr_r(address, 4, AF_INET6, &host, buffer,
                                    sizeof buffer, &error,
                                    &h_error) == NSS_STATUS_UNAVAIL &&
            error == EAFNOSUPPORT && h_error == NETDB_INTERNAL,
        "an address that is too short");
}

static void test_absent(void) {
  unlink(GOLDAP_SOCKET);
  ask(NSS_STATUS_UNAVAIL, ENOENT, 0, 500, "no socket");
  listener = listen_here(8);
  close(listener);
  ask(NSS_STATUS_UNAVAIL, ENOENT, 0, 500, "nobody listens");
  check(host_error(NSS_STATUS_UNAVAIL) == HOST_NOT_FOUND,
        "no host without a daemon");
}

static void test_slow(void) {
  pthread_t daemon;

  listener = listen_here(8);
  ask(NSS_STATUS_UNAVAIL, ENOENT, LOOKUP_BUDGET - 100, LOOKUP_BUDGET + 1000,
      "a daemon that hangs");
  close(listener);
  listener = listen_here(8);
  daemon = start(trickle, NULL);
  ask(NSS_STATUS_UNAVAIL, ENOENT, LOOKUP_BUDGET - 100, LOOKUP_BUDGET + 1000,
      "a daemon that trickles");
  pthread_join(daemon, NULL);
  close(listener);
}

static void test_crowded(void) {
  int waiting;

  listener = listen_here(0);
  waiting = wire_connect(GOLDAP_SOCKET, wire_now() + 1000);
  check(waiting >= 0, "the queue has room for one");
  ask(NSS_STATUS_TRYAGAIN, EAGAIN, LOOKUP_BUDGET - 100, LOOKUP_BUDGET + 1000,
      "a full queue");
  close(waiting);
  close(listener);
}

static void test_large(uint32_t members, enum nss_status status) {
  char *buffer = malloc(GROUP_BYTES);
  struct group entry = {0};
  int error = 0;
  uint32_t count = 0;
  pthread_t daemon;

  if (buffer == NULL)
    abort();
  listener = listen_here(8);
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

  listener = listen_here(64);
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

#ifdef NO_TIMER
static void start_timer(void) {}
#else
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
#endif

int main(void) {
  start_timer();
  test_families();
  test_absent();
  test_slow();
  test_crowded();
  test_large(HUGE_MEMBERS, NSS_STATUS_SUCCESS);
  test_large(TOO_MANY, NSS_STATUS_UNAVAIL);
  test_threads();
  unlink(GOLDAP_SOCKET);
  printf("trouble: %u faults\n", faults());
  return faults() == 0 ? 0 : 1;
}
