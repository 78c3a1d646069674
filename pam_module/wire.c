#define _GNU_SOURCE
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_MAX = 64 * 1024, FIRST_FREE_FD = 4 };

wire_time wire_now(void) {
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (wire_time)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* grow makes room for n more bytes. It never uses realloc, which would leave a
 * copy of the password behind. */
static bool grow(struct wire_request *request, size_t n) {
  unsigned char *data;
  size_t capacity = request->capacity ? request->capacity : 512;

  if (request->failed || n > REQUEST_MAX - request->length) {
    request->failed = true;
    return false;
  }
  while (capacity < request->length + n)
    capacity *= 2;
  if (capacity == request->capacity)
    return true;
  data = malloc(capacity);
  if (data == NULL) {
    request->failed = true;
    return false;
  }
  if (request->data != NULL) {
    memcpy(data, request->data, request->length);
    explicit_bzero(request->data, request->capacity);
    free(request->data);
  }
  request->data = data;
  request->capacity = capacity;
  return true;
}

void wire_put_int32(struct wire_request *request, int32_t value) {
  uint32_t v = (uint32_t)value;

  if (!grow(request, 4))
    return;
  request->data[request->length++] = (unsigned char)(v >> 24);
  request->data[request->length++] = (unsigned char)(v >> 16);
  request->data[request->length++] = (unsigned char)(v >> 8);
  request->data[request->length++] = (unsigned char)v;
}

void wire_put_bytes(struct wire_request *request, const void *bytes, size_t n) {
  if (n == 0 || !grow(request, n))
    return;
  memcpy(request->data + request->length, bytes, n);
  request->length += n;
}

void wire_put_string(struct wire_request *request, const char *string,
                     size_t limit) {
  size_t length = string != NULL ? strnlen(string, limit + 1) : 0;

  if (length > limit) {
    request->failed = true;
    return;
  }
  wire_put_int32(request, (int32_t)length);
  wire_put_bytes(request, string, length);
}

void wire_free_request(struct wire_request *request) {
  if (request->data != NULL) {
    explicit_bzero(request->data, request->capacity);
    free(request->data);
  }
  *request = (struct wire_request){0};
}

/* await waits until fd is ready for events or the deadline has passed. */
static int await(int fd, short events, wire_time deadline) {
  struct pollfd p = {.fd = fd, .events = events};

  for (;;) {
    wire_time left = deadline - wire_now();
    int n;

    if (left <= 0) {
      errno = ETIMEDOUT;
      return -1;
    }
    n = poll(&p, 1, left > 60000 ? 60000 : (int)left);
    if (n > 0)
      return 0;
    if (n < 0 && errno != EINTR)
      return -1;
  }
}

int wire_send(int fd, const struct wire_request *request, wire_time deadline) {
  size_t sent = 0;

  if (request->failed) {
    errno = EMSGSIZE;
    return -1;
  }
  while (sent < request->length) {
    ssize_t n = send(fd, request->data + sent, request->length - sent,
                     MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n >= 0)
      sent += (size_t)n;
    else if (errno == EAGAIN) {
      if (await(fd, POLLOUT, deadline) != 0)
        return -1;
    } else if (errno != EINTR)
      return -1;
  }
  return 0;
}

void wire_start_reader(struct wire_reader *reader, int fd, wire_time deadline) {
  reader->fd = fd;
  reader->deadline = deadline;
  reader->answered = reader->closed = false;
  reader->start = reader->end = 0;
}

ssize_t wire_receive(int fd, void *data, size_t size, wire_time deadline) {
  while (wire_now() < deadline) {
    ssize_t n = recv(fd, data, size, MSG_DONTWAIT);

    if (n >= 0 || (errno != EAGAIN && errno != EINTR))
      return n;
    if (errno == EAGAIN && await(fd, POLLIN, deadline) != 0)
      return -1;
  }
  errno = ETIMEDOUT;
  return -1;
}

/* fill reads what is there into the empty buffer. */
static int fill(struct wire_reader *reader) {
  ssize_t n = wire_receive(reader->fd, reader->buffer, sizeof reader->buffer,
                           reader->deadline);

  if (n <= 0) {
    reader->closed = n == 0 || errno == ECONNRESET;
    return -1;
  }
  reader->answered = true;
  reader->start = 0;
  reader->end = (size_t)n;
  return 0;
}

/* take copies the next n bytes to out, or drops them if out is NULL. */
static int take(struct wire_reader *reader, unsigned char *out, size_t n) {
  while (n > 0) {
    size_t part = reader->end - reader->start;

    if (part == 0) {
      if (fill(reader) != 0)
        return -1;
      continue;
    }
    if (part > n)
      part = n;
    if (out != NULL) {
      memcpy(out, reader->buffer + reader->start, part);
      out += part;
    }
    reader->start += part;
    n -= part;
  }
  return 0;
}

int wire_read_int32(struct wire_reader *reader, int32_t *value) {
  unsigned char b[4];

  if (take(reader, b, sizeof b) != 0)
    return -1;
  *value = (int32_t)((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
                     (uint32_t)b[2] << 8 | (uint32_t)b[3]);
  return 0;
}

int wire_read_string(struct wire_reader *reader, char *string, size_t size) {
  int32_t length;

  if (wire_read_int32(reader, &length) != 0)
    return -1;
  if (length < 0 || (size_t)length >= size)
    return -1;
  if (take(reader, (unsigned char *)string, (size_t)length) != 0)
    return -1;
  string[length] = '\0';
  return strlen(string) == (size_t)length ? 0 : -1;
}

int wire_skip_string(struct wire_reader *reader) {
  int32_t length;

  if (wire_read_int32(reader, &length) != 0)
    return -1;
  if (length < 0 || length > REQUEST_MAX)
    return -1;
  return take(reader, NULL, (size_t)length);
}

int wire_read_header(struct wire_reader *reader, int32_t action) {
  int32_t version, answered;

  if (wire_read_int32(reader, &version) != 0 ||
      wire_read_int32(reader, &answered) != 0)
    return -1;
  return version == WIRE_VERSION && answered == action ? 0 : -1;
}

int wire_lift_fd(int fd) {
  int lifted, error;

  if (fd < 0 || fd >= FIRST_FREE_FD)
    return fd;
  lifted = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
  error = errno;
  close(fd);
  errno = error;
  return lifted;
}

/* connect_before connects fd, giving up at the deadline. A Unix socket whose
 * queue is full answers EAGAIN, with nothing to poll for: ask again. */
static int connect_before(int fd, const struct sockaddr_un *address,
                          wire_time deadline) {
  while (connect(fd, (const struct sockaddr *)address, sizeof *address) != 0) {
    if (errno == EISCONN)
      return 0;
    if (errno != EAGAIN && errno != EINTR)
      return -1;
    if (wire_now() >= deadline) {
      errno = ETIMEDOUT;
      return -1;
    }
    if (errno == EAGAIN)
      poll(NULL, 0, 2);
  }
  return 0;
}

int wire_connect(const char *path, wire_time deadline) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(path);
  int fd, error;

  if (length == 0 || length >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  memcpy(address.sun_path, path, length);
  fd = wire_lift_fd(
      socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd < 0)
    return -1;
  if (connect_before(fd, &address, deadline) == 0)
    return fd;
  error = errno;
  close(fd);
  errno = error;
  return -1;
}
