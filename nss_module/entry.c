#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common.h"

enum {
  FIRST_CAPACITY = 4096,
  FIRST_CAPACITY_OF_ALL = 32768,
  CAPACITY_MAX = 2 * ENTRY_MAX, /* more than the entry and what comes with it */
  GROWTH = 4,
};

/* grow gives the answer a larger buffer and drops what stands before the
 * entry. The old bytes may have been a password's. */
static bool grow(struct lookup *lookup, size_t capacity) {
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
  return true;
}

/* compact moves the entry to the buffer's beginning. */
static void compact(struct lookup *lookup) {
  size_t kept = lookup->length - lookup->entry;

  memmove(lookup->data, lookup->data + lookup->entry, kept);
  explicit_bzero(lookup->data + kept, lookup->length - kept);
}

static size_t larger(size_t capacity) {
  return capacity < CAPACITY_MAX / GROWTH ? capacity * GROWTH : CAPACITY_MAX;
}

/* make_room sees to it that more can be read behind what is there. */
static bool make_room(struct lookup *lookup) {
  size_t kept = lookup->length - lookup->entry;

  if (lookup->length < lookup->capacity)
    return true;
  if (kept >= ENTRY_MAX)
    return false;
  if (lookup->capacity == 0)
    return grow(lookup,
                lookup->enumerating ? FIRST_CAPACITY_OF_ALL : FIRST_CAPACITY);
  if (kept <= lookup->capacity / 2)
    compact(lookup);
  else if (!grow(lookup, larger(lookup->capacity)))
    return false;
  lookup->position -= lookup->entry;
  lookup->length = kept;
  lookup->entry = 0;
  return true;
}

/* receive reads what is there, or waits for it. */
static bool receive(struct lookup *lookup) {
  ssize_t got;

  if (lookup->fd < 0 || !make_room(lookup))
    return false;
  if (lookup->enumerating) {
    if (!goldap_still_connected(lookup))
      return false;
    lookup->deadline = wire_now() + LOOKUP_BUDGET;
  }
  got = wire_receive(lookup->fd, lookup->data + lookup->length,
                     lookup->capacity - lookup->length, lookup->deadline);
  if (got <= 0)
    return false;
  lookup->length += (size_t)got;
  return true;
}

/* take lets the next n bytes be read and returns where they are, until the next
 * take. */
static const unsigned char *take(struct lookup *lookup, size_t n) {
  const unsigned char *taken;

  if (n > ENTRY_MAX - (lookup->position - lookup->entry))
    return NULL;
  while (lookup->length - lookup->position < n)
    if (!receive(lookup))
      return NULL;
  taken = lookup->data + lookup->position;
  lookup->position += n;
  return taken;
}

static int32_t number_at(const unsigned char *b) {
  return (int32_t)((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
                   (uint32_t)b[2] << 8 | (uint32_t)b[3]);
}

/* read_marker reads what stands before an entry. The entry begins behind it. */
static bool read_marker(struct lookup *lookup, int32_t *marker) {
  lookup->entry = lookup->position;
  if (!goldap_read_int32(lookup, marker))
    return false;
  lookup->entry = lookup->position;
  return true;
}

enum nss_status goldap_first(struct lookup *lookup) {
  int32_t marker;

  if (!read_marker(lookup, &marker))
    return NSS_STATUS_UNAVAIL;
  lookup->found = marker == WIRE_RESULT_BEGIN;
  return lookup->found ? NSS_STATUS_SUCCESS : NSS_STATUS_NOTFOUND;
}

enum nss_status goldap_next(struct lookup *lookup) {
  int32_t marker;

  if (!read_marker(lookup, &marker))
    return NSS_STATUS_UNAVAIL;
  switch (marker) {
  case WIRE_RESULT_BEGIN:
    return NSS_STATUS_SUCCESS;
  case WIRE_RESULT_END:
    return NSS_STATUS_NOTFOUND;
  default:
    return NSS_STATUS_UNAVAIL;
  }
}

bool goldap_read_int32(struct lookup *lookup, int32_t *value) {
  const unsigned char *bytes = take(lookup, 4);

  if (bytes == NULL)
    return false;
  *value = number_at(bytes);
  return true;
}

bool goldap_read_text(struct lookup *lookup, struct text *text) {
  int32_t length;
  const unsigned char *bytes;

  if (!goldap_read_int32(lookup, &length) || length < 0)
    return false;
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

bool goldap_read_bytes(struct lookup *lookup, void *bytes, size_t n) {
  const unsigned char *taken = take(lookup, n);

  if (taken == NULL)
    return false;
  memcpy(bytes, taken, n);
  return true;
}

bool goldap_read_count(struct lookup *lookup, uint32_t *count) {
  int32_t value;

  if (!goldap_read_int32(lookup, &value) || value < 0 || value > ENTRY_MAX / 4)
    return false;
  *count = (uint32_t)value;
  return true;
}

bool goldap_read_list(struct lookup *lookup, struct list *list) {
  struct text text;

  if (!goldap_read_count(lookup, &list->count))
    return false;
  list->offset = lookup->position - lookup->entry;
  list->bytes = 0;
  for (uint32_t i = 0; i < list->count; i++) {
    if (!goldap_read_text(lookup, &text))
      return false;
    list->bytes += text.length + 1;
  }
  return true;
}

bool goldap_read_address(struct lookup *lookup, int32_t *family, size_t *offset,
                         size_t *length) {
  int32_t bytes;

  if (!goldap_read_int32(lookup, family) ||
      !goldap_read_int32(lookup, &bytes) || bytes < 0 || bytes > ADDRESS_MAX)
    return false;
  *offset = lookup->position - lookup->entry;
  *length = (size_t)bytes;
  return take(lookup, *length) != NULL;
}

size_t goldap_padding(const struct place *place) {
  return -(uintptr_t)place->buffer % _Alignof(char *);
}

size_t goldap_array_size(const struct list *list) {
  return ((size_t)list->count + 1) * sizeof(char *);
}

void *goldap_reserve(struct place *place, size_t n) {
  char *taken = place->buffer;

  place->buffer += n;
  place->size -= n;
  return taken;
}

char **goldap_reserve_array(struct place *place, const struct list *list) {
  goldap_reserve(place, goldap_padding(place));
  return goldap_reserve(place, goldap_array_size(list));
}

char *goldap_pack(const struct lookup *lookup, struct text text,
                  struct place *place) {
  char *copy = goldap_reserve(place, text.length + 1);

  memcpy(copy, lookup->data + lookup->entry + text.offset, text.length);
  copy[text.length] = '\0';
  return copy;
}

void goldap_pack_list(const struct lookup *lookup, struct list list,
                      char **array, struct place *place) {
  size_t offset = list.offset;

  for (uint32_t i = 0; i < list.count; i++) {
    int32_t length = number_at(lookup->data + lookup->entry + offset);
    struct text text = {offset + 4, (size_t)length};

    array[i] = goldap_pack(lookup, text, place);
    offset = text.offset + text.length;
  }
  array[list.count] = NULL;
}
