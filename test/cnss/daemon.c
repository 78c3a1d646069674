#define _GNU_SOURCE
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common.h"

enum { DESCRIPTORS = 256 };

static atomic_uint counted;

void check(bool good, const char *what) {
  if (good)
    return;
  printf("%s: not so\n", what);
  counted++;
}

unsigned faults(void) { return counted; }

static atomic_uint pretended;
static atomic_llong ahead;

uid_t __wrap_geteuid(void);
wire_time __wrap_wire_now(void);
wire_time __real_wire_now(void);

uid_t __wrap_geteuid(void) { return pretended; }

wire_time __wrap_wire_now(void) { return __real_wire_now() + ahead; }

void pretend(uid_t user) { pretended = user; }

void advance(int64_t milliseconds) { ahead += milliseconds; }

pthread_t start(void *(*work)(void *), void *data) {
  pthread_t thread;

  if (pthread_create(&thread, NULL, work, data) != 0) {
    perror("pthread_create");
    exit(1);
  }
  return thread;
}

int listen_here(int backlog) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  char directory[] = GOLDAP_SOCKET;
  int listener;

  *strrchr(directory, '/') = '\0';
  mkdir(directory, 0755);
  strcpy(address.sun_path, GOLDAP_SOCKET);
  unlink(GOLDAP_SOCKET);
  listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0 ||
      bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
      listen(listener, backlog) != 0) {
    perror(GOLDAP_SOCKET);
    exit(1);
  }
  return listener;
}

int accept_one(int listener) {
  int fd;

  do
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  while (fd < 0 && errno == EINTR);
  return fd;
}

static void put(struct answer *answer, const void *bytes, size_t n) {
  if (answer->length + n > answer->capacity) {
    answer->capacity = 2 * answer->capacity + n;
    answer->data = realloc(answer->data, answer->capacity);
    if (answer->data == NULL)
      abort();
  }
  memcpy(answer->data + answer->length, bytes, n);
  answer->length += n;
}

void put_word(struct answer *answer, uint32_t word) {
  const unsigned char b[4] = {(unsigned char)(word >> 24),
                              (unsigned char)(word >> 16),
                              (unsigned char)(word >> 8), (unsigned char)word};

  put(answer, b, sizeof b);
}

void put_text(struct answer *answer, const char *text) {
  put_word(answer, (uint32_t)strlen(text));
  put(answer, text, strlen(text));
}

void put_passwd(struct answer *answer, const char *name, uint32_t uid) {
  put_word(answer, WIRE_RESULT_BEGIN);
  put_text(answer, name);
  put_text(answer, "*");
  put_word(answer, uid);
  put_word(answer, 100);
  put_text(answer, "");
  put_text(answer, "/");
  put_text(answer, "/bin/sh");
}

void put_group(struct answer *answer, const char *name, uint32_t members) {
  char member[16];

  put_word(answer, WIRE_RESULT_BEGIN);
  put_text(answer, name);
  put_text(answer, "*");
  put_word(answer, 4711);
  put_word(answer, members);
  for (uint32_t i = 0; i < members; i++) {
    snprintf(member, sizeof member, "m%06u", (unsigned)i);
    put_text(answer, member);
  }
}

bool send_answer(int fd, struct answer *answer) {
  size_t sent = 0;
  bool there = true;

  while (there && sent < answer->length) {
    ssize_t n =
        send(fd, answer->data + sent, answer->length - sent, MSG_NOSIGNAL);

    if (n > 0)
      sent += (size_t)n;
    else
      there = n < 0 && errno == EINTR;
  }
  free(answer->data);
  *answer = (struct answer){0};
  return there;
}

static int listener;
static atomic_uint *counter; /* which children see, too */

/* How long the daemon waits before it goes on, in the middle of a list. */
static atomic_uint pausing;

/* Enumerations: entries u0, u1 and so on; groups that grow. */
static void send_users(int fd, struct answer *answer) {
  char name[16];

  for (uint32_t i = 0; i < USERS; i++) {
    if (pausing != 0 && i < 3) {
      if (!send_answer(fd, answer))
        return;
      usleep(pausing * 1000);
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

static atomic_uint busy;

static void *serve_one(void *data) {
  int fd = *(int *)data;
  unsigned char request[300];
  struct answer answer = {0};
  ssize_t n = recv(fd, request, sizeof request - 1, 0);
  uint32_t action;

  free(data);
  if (n >= 8) {
    request[n] = '\0';
    ++*counter;
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
  busy--;
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
    busy++;
    pthread_detach(start(serve_one, fd));
  }
}

unsigned requests(void) { return *counter; }

void pause_lists(unsigned milliseconds) { pausing = milliseconds; }

bool idle(unsigned milliseconds) {
  wire_time until = wire_now() + milliseconds;

  while (busy != 0 && wire_now() < until)
    usleep(1000);
  return busy == 0;
}

void start_daemon(void) {
  counter = mmap(NULL, sizeof *counter, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (counter == MAP_FAILED)
    abort();
  listener = listen_here(64);
  pthread_detach(start(serve, NULL));
}

/* The module's are connected to a socket with a name. They must be above the
 * standard ones, and closed by exec. */
unsigned connections(void) {
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

int connection(void) {
  for (int fd = 0; fd < DESCRIPTORS; fd++) {
    struct sockaddr_storage name;
    socklen_t length = sizeof name;

    if (getpeername(fd, (struct sockaddr *)&name, &length) == 0 &&
        length > sizeof name.ss_family)
      return fd;
  }
  return -1;
}

void wait_for(pid_t child, const char *what) {
  int status;

  check(child > 0 && waitpid(child, &status, 0) == child && status == 0, what);
}
