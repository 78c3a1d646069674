/*
 * wire.h - the client's side of the nslcd protocol, version 2
 *
 * The protocol is described in docs/protocol.md; pkg/nslcd is the same in Go.
 * Nothing here allocates without a bound, keeps state between calls, starts
 * threads, touches signals or leaves a descriptor open.
 */
#ifndef GOLDAP_WIRE_H
#define GOLDAP_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
  WIRE_VERSION = 2,

  WIRE_CONFIG_GET = 0x00010001,
  WIRE_PAM_AUTHC = 0x000d0001,
  WIRE_PAM_AUTHZ = 0x000d0002,
  WIRE_PAM_SESS_O = 0x000d0003,
  WIRE_PAM_SESS_C = 0x000d0004,
  WIRE_PAM_PWMOD = 0x000d0005,
  WIRE_LOGIN = 0x676c0001, /* goldap's own; nslcd closes without a byte */
  WIRE_ADMIT = 0x676c0004, /* so it does for this one */

  WIRE_CONFIG_PROHIBIT_MESSAGE = 1,

  WIRE_RESULT_BEGIN = 1,
  WIRE_RESULT_END = 2,

  WIRE_NAME_MAX = 255,      /* user, service, host and terminal names, bytes */
  WIRE_PASSWORD_MAX = 8192, /* bytes */
  WIRE_MESSAGE_MAX = 1023,  /* bytes */
  WIRE_VARIABLES_MAX = 8,   /* of the PAM environment */
  WIRE_ENVIRONMENT_MAX = 4096, /* bytes of all of them together */
};

/* A point in time: milliseconds of CLOCK_MONOTONIC. */
typedef int64_t wire_time;

wire_time wire_now(void);

/* A request while it is put together. Start with {0}. */
struct wire_request {
  unsigned char *data;
  size_t length, capacity;
  bool failed; /* a field was too long, or there was no memory */
};

void wire_put_int32(struct wire_request *request, int32_t value);
/* Bytes as they are, without their number. */
void wire_put_bytes(struct wire_request *request, const void *bytes, size_t n);
/* A NULL string is sent as an empty one. */
void wire_put_string(struct wire_request *request, const char *string,
                     size_t limit);
/* Wipes the bytes before it frees them. */
void wire_free_request(struct wire_request *request);

/* Sends all of the request. Returns 0, or -1 with errno. */
int wire_send(int fd, const struct wire_request *request, wire_time deadline);

/* Reads what is there into data, or waits for it. It looks at the time first:
 * where there always is more, nothing else would. Returns the number of bytes,
 * 0 when the other end closed, or -1 with errno. */
ssize_t wire_receive(int fd, void *data, size_t size, wire_time deadline);

/* Where an answer is read from. Every function below returns 0, or -1 when
 * the other end closed, the deadline passed or the bytes make no sense; after
 * -1 the reader is of no further use. */
struct wire_reader {
  int fd;
  wire_time deadline;
  bool answered, closed; /* a byte has come; the other end closed */
  size_t start, end;
  unsigned char buffer[1024];
};

void wire_start_reader(struct wire_reader *reader, int fd, wire_time deadline);
int wire_read_int32(struct wire_reader *reader, int32_t *value);
/* Copies a string of at most size-1 bytes and ends it with NUL. A longer one,
 * or one with a NUL inside, is an error. */
int wire_read_string(struct wire_reader *reader, char *string, size_t size);
/* Reads a string and forgets it. */
int wire_skip_string(struct wire_reader *reader);
/* Reads the version and the action that every answer starts with. */
int wire_read_header(struct wire_reader *reader, int32_t action);

/* Connects to a Unix socket. Returns the descriptor (close-on-exec, above 2),
 * or -1 with errno. */
int wire_connect(const char *path, wire_time deadline);

/* Moves fd above the standard descriptors, which the program may have closed
 * and will think are its own. Returns the new descriptor or -1; fd is closed.
 */
int wire_lift_fd(int fd);

#endif
