#define _GNU_SOURCE
#include "daemon.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../pam_module/wire.h"

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
