#define _GNU_SOURCE
#include "common.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef GOLDAP_SOCKET
#define GOLDAP_SOCKET "/run/goldap/socket"
#endif

enum { FIRST_CAPACITY = 4096 };

int _nss_goldap_enablelookups = 1;
const char *const _nss_goldap_version[3] = {"goldap", "libnss_goldap.so.2",
                                            "nslcd protocol 2"};

/* move_out gives the answer room for capacity bytes and drops what stands
 * before the entry. The old bytes may have been a password's. */
static bool move_out(struct lookup *lookup, size_t capacity) {
  size_t kept = lookup->length - lookup->entry;
  unsigned char *data = malloc(capacity);

  if (data == NULL)
    return false;
  if (lookup->data != NULL) {
    memcpy(data, lookup->data + lookup->entry, kept);
    explicit_bzero(lookup->data, lookup->length);
    free(lookup->data);
  }
  lookup->data = data;
  lookup->capacity = capacity;
  lookup->position -= lookup->entry;
  lookup->length = kept;
  lookup->entry = 0;
  return true;
}

/* make_room sees to it that more can be read behind what is there. */
static bool make_room(struct lookup *lookup) {
  size_t kept = lookup->length - lookup->entry;
  size_t capacity =
      lookup->capacity != 0 ? lookup->capacity : (size_t)FIRST_CAPACITY;

  if (lookup->length < lookup->capacity)
    return true;
  if (kept >= ENTRY_MAX)
    return false;
  while (capacity / 2 < kept)
    capacity *= 2;
  return move_out(lookup, capacity);
}

/* take lets the next n bytes be read and returns where they are, until the next
 * take. */
static const unsigned char *take(struct lookup *lookup, size_t n) {
  const unsigned char *taken;

  while (lookup->length - lookup->position < n) {
    ssize_t got;

    if (!make_room(lookup))
      return NULL;
    got = wire_receive(lookup->fd, lookup->data + lookup->length,
                       lookup->capacity - lookup->length, lookup->deadline);
    if (got <= 0)
      return NULL;
    lookup->length += (size_t)got;
  }
  taken = lookup->data + lookup->position;
  lookup->position += n;
  return lookup->position - lookup->entry <= ENTRY_MAX ? taken : NULL;
}

bool goldap_read_int32(struct lookup *lookup, int32_t *value) {
  const unsigned char *b = take(lookup, 4);

  if (b == NULL)
    return false;
  *value = (int32_t)((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
                     (uint32_t)b[2] << 8 | (uint32_t)b[3]);
  return true;
}

bool goldap_read_text(struct lookup *lookup, struct text *text) {
  int32_t length;
  const unsigned char *bytes;

  if (!goldap_read_int32(lookup, &length) || length < 0 || length > ENTRY_MAX)
    return false;
  if (length == 0) {
    *text = (struct text){0};
    return true;
  }
  bytes = take(lookup, (size_t)length);
  if (bytes == NULL || memchr(bytes, '\0', (size_t)length) != NULL)
    return false;
  *text = (struct text){lookup->position - lookup->entry - (size_t)length,
                        (size_t)length};
  return true;
}

bool goldap_read_name(struct lookup *lookup, struct text *text) {
  return goldap_read_text(lookup, text) && text->length != 0;
}

bool goldap_read_count(struct lookup *lookup, uint32_t *count) {
  int32_t value;

  if (!goldap_read_int32(lookup, &value) || value < 0 || value > ENTRY_MAX / 4)
    return false;
  *count = (uint32_t)value;
  return true;
}

enum nss_status goldap_next(struct lookup *lookup) {
  int32_t marker;

  lookup->entry = lookup->position;
  if (!goldap_read_int32(lookup, &marker))
    return NSS_STATUS_UNAVAIL;
  lookup->entry = lookup->position;
  switch (marker) {
  case WIRE_RESULT_BEGIN:
    return NSS_STATUS_SUCCESS;
  case WIRE_RESULT_END:
    return NSS_STATUS_NOTFOUND;
  default:
    return NSS_STATUS_UNAVAIL;
  }
}

bool goldap_complete(struct lookup *lookup) {
  int32_t marker;

  return goldap_read_int32(lookup, &marker) &&
         (marker == WIRE_RESULT_BEGIN || marker == WIRE_RESULT_END);
}

/* open_connection fails with TRYAGAIN if the daemon lives but had no room for
 * one more caller in all that time. */
static enum nss_status open_connection(struct lookup *lookup) {
  lookup->fd = wire_connect(GOLDAP_SOCKET, lookup->deadline);
  if (lookup->fd >= 0)
    return NSS_STATUS_SUCCESS;
  return errno == EAGAIN || errno == ETIMEDOUT ? NSS_STATUS_TRYAGAIN
                                               : NSS_STATUS_UNAVAIL;
}

/* ask sends the request, wipes it and reads up to the first entry. */
static enum nss_status ask(struct lookup *lookup, int32_t action,
                           struct wire_request *request) {
  enum nss_status status = NSS_STATUS_UNAVAIL;
  int32_t version, answered;

  if (!request->failed)
    status = open_connection(lookup);
  if (status == NSS_STATUS_SUCCESS &&
      wire_send(lookup->fd, request, lookup->deadline) != 0)
    status = NSS_STATUS_UNAVAIL;
  wire_free_request(request);
  if (status != NSS_STATUS_SUCCESS)
    return status;
  if (!goldap_read_int32(lookup, &version) || version != WIRE_VERSION ||
      !goldap_read_int32(lookup, &answered) || answered != action)
    return NSS_STATUS_UNAVAIL;
  return goldap_next(lookup);
}

/* begin starts the clock and the request; false if nothing may be asked. */
static bool begin(struct lookup *lookup, struct wire_request *request,
                  int32_t action) {
  *lookup = (struct lookup){.fd = -1, .error = errno};
  if (!_nss_goldap_enablelookups)
    return false;
  lookup->deadline = wire_now() + LOOKUP_BUDGET;
  wire_put_int32(request, WIRE_VERSION);
  wire_put_int32(request, action);
  return true;
}

enum nss_status goldap_ask_name(struct lookup *lookup, int32_t action,
                                const char *name) {
  struct wire_request request = {0};

  if (!begin(lookup, &request, action))
    return NSS_STATUS_UNAVAIL;
  if (name == NULL || strnlen(name, WIRE_NAME_MAX + 1) > WIRE_NAME_MAX) {
    wire_free_request(&request);
    return NSS_STATUS_NOTFOUND; /* no entry has such a name */
  }
  wire_put_string(&request, name, WIRE_NAME_MAX);
  return ask(lookup, action, &request);
}

enum nss_status goldap_ask_id(struct lookup *lookup, int32_t action,
                              uint32_t id) {
  struct wire_request request = {0};

  if (!begin(lookup, &request, action))
    return NSS_STATUS_UNAVAIL;
  wire_put_int32(&request, (int32_t)id);
  return ask(lookup, action, &request);
}

char *goldap_pack(const struct lookup *lookup, struct text text,
                  struct place *place) {
  char *copy = place->buffer;

  if (text.length != 0)
    memcpy(copy, lookup->data + lookup->entry + text.offset, text.length);
  copy[text.length] = '\0';
  place->buffer += text.length + 1;
  place->size -= text.length + 1;
  return copy;
}

/* error_of is the errno that goes with a status. A buffer that is too small is
 * the only TRYAGAIN with a connection. */
static int error_of(enum nss_status status, bool connected) {
  if (status != NSS_STATUS_TRYAGAIN)
    return ENOENT;
  return connected ? ERANGE : EAGAIN;
}

enum nss_status goldap_end(struct lookup *lookup, enum nss_status status,
                           int *errnop) {
  bool connected = lookup->fd >= 0;

  if (connected)
    close(lookup->fd);
  if (lookup->data != NULL) {
    explicit_bzero(lookup->data, lookup->length);
    free(lookup->data);
  }
  errno = lookup->error;
  if (status != NSS_STATUS_SUCCESS)
    *errnop = error_of(status, connected);
  return status;
}

enum nss_status goldap_enumeration(void) {
  return _nss_goldap_enablelookups ? NSS_STATUS_SUCCESS : NSS_STATUS_UNAVAIL;
}

enum nss_status goldap_no_next(int *errnop) {
  *errnop = ENOENT;
  return _nss_goldap_enablelookups ? NSS_STATUS_NOTFOUND : NSS_STATUS_UNAVAIL;
}
