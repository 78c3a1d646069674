/*
 * golden.c checks the name-service module against the golden frames of
 * test/wire, whose README.md has the format:
 *
 *   golden FILE...
 *   golden -s DIRECTORY FILE...    writes each response to a file instead, for
 *                                  the fuzzer to begin with
 *
 * Each request must come out byte for byte as it stands there, and what is
 * found must be what the response says. Of a beginning of a response nothing
 * may be believed but whole entries; a buffer may have any size; memory may run
 * out; any byte of a response may be another. Whatever fails leaves the
 * caller's memory as it was, and the errors are those of the status.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "offline.h"

enum { LINE_BYTES = 2 * FRAME_BYTES + 512, BUFFER_BYTES = 4096, FILL = 0xa5 };

static unsigned frames, faults;
static char buffer[BUFFER_BYTES];
static const char *current, *seeds;

static void complain(const char *what, size_t number) {
  printf("%s: %s (%zu)\n", current, what, number);
  faults++;
}

/* untouched is whether a failure has left the caller's memory alone. */
static bool untouched(const struct outcome *outcome, uint32_t action) {
  const unsigned char *entry = (const unsigned char *)&outcome->entry;

  for (size_t i = 0; i < sizeof buffer; i++)
    if ((unsigned char)buffer[i] != FILL)
      return false;
  for (size_t i = 0; i < sizeof outcome->entry; i++)
    if (entry[i] != FILL)
      return false;
  return action != ACTION_GROUP_BYMEMBER || outcome->count == 1;
}

/* check_errors is for a status of a lookup that had a connection, or had been
 * answered before. */
static void check_errors(const struct outcome *outcome, uint32_t action) {
  uint32_t map = action >> 16;
  int error = 0;
  bool good = outcome->host_error == 0;

  switch (outcome->status) {
  case NSS_STATUS_TRYAGAIN:
    error = ERANGE;
    break;
  case NSS_STATUS_SUCCESS:
    break;
  default:
    error = ENOENT;
  }
  if (action == ACTION_NETGROUP_BYNAME)
    error = 0; /* there is nowhere to put it */
  if (map == ACTION_HOST_ALL >> 16 || map == ACTION_NETWORK_ALL >> 16)
    switch (outcome->status) {
    case NSS_STATUS_TRYAGAIN:
      good = outcome->host_error == NETDB_INTERNAL;
      break;
    case NSS_STATUS_NOTFOUND:
      good = outcome->host_error == HOST_NOT_FOUND ||
             outcome->host_error == NO_ADDRESS; /* see check_whole */
      break;
    case NSS_STATUS_UNAVAIL:
      good = outcome->host_error ==
             (outcome->connected ? NO_RECOVERY : HOST_NOT_FOUND);
      break;
    default:
      break;
    }
  if (outcome->error != error || !good)
    complain("errors do not go with the status", (size_t)outcome->error);
  if (outcome->saved != EDOM)
    complain("errno was not preserved", (size_t)outcome->saved);
}

/* check_limits is that nothing was written where it must not be. */
static void check_limits(const struct outcome *outcome, uint32_t action,
                         size_t shift, size_t size) {
  if (outcome->status != NSS_STATUS_SUCCESS && !untouched(outcome, action))
    complain("a failure left something behind", size);
  for (size_t i = 0; i < sizeof buffer; i++)
    if ((i < shift || i >= shift + size) && (unsigned char)buffer[i] != FILL)
      complain("wrote outside of the buffer", i);
}

/* attempt looks up and checks what must hold for any outcome. The answer is
 * not kept unless it is asked for again at once. */
static bool attempt(const struct offer *offer, size_t shift, size_t size,
                    struct outcome *outcome) {
  uint32_t action = word_at(offer->request, 4);

  memset(buffer, FILL, sizeof buffer);
  if (!look_up(offer, buffer + shift, size, outcome))
    return false;
  check_errors(outcome, action);
  check_limits(outcome, action, shift, size);
  return true;
}

/* drop frees what a netgroup holds that nobody walks through. */
static void drop(const struct offer *offer, struct outcome *outcome) {
  if (outcome->status == NSS_STATUS_SUCCESS &&
      word_at(offer->request, 4) == ACTION_NETGROUP_BYNAME)
    _nss_goldap_endnetgrent(&outcome->entry.netgroup);
  forget_kept();
}

static bool same(const struct offer *offer, const struct outcome *outcome,
                 size_t *end) {
  *end = 12;
  return same_entry(word_at(offer->request, 4), offer->variant, outcome,
                    offer->response, end);
}

/* check_whole asks with all of the response there. What must come of it is
 * the status; end is where the entry ends, if one is found. */
static enum nss_status check_whole(const struct offer *offer, size_t *end) {
  static struct outcome outcome;
  const struct frame *response = offer->response;

  attempt(offer, 0, BUFFER_BYTES, &outcome);
  if (outcome.sent.length != offer->request->length ||
      memcmp(outcome.sent.data, offer->request->data, outcome.sent.length) != 0)
    complain("asked in other bytes", outcome.sent.length);
  if (outcome.status == NSS_STATUS_SUCCESS && !same(offer, &outcome, end))
    complain("not what the daemon said", *end);
  if (response->length < 12 && outcome.status != NSS_STATUS_UNAVAIL)
    complain("an answer that is none", 0);
  if (response->length == 12 && (outcome.status != NSS_STATUS_NOTFOUND ||
                                 outcome.host_error == NO_ADDRESS))
    complain("found what is not there", 0);
  if (response->length > 12 && outcome.status != NSS_STATUS_SUCCESS &&
      outcome.host_error != NO_ADDRESS)
    complain("not found", 0);
  return outcome.status;
}

/* check_prefixes answers with every beginning of the response. */
static void check_prefixes(struct offer offer, enum nss_status whole,
                           size_t end) {
  static struct outcome outcome;
  size_t again;

  for (offer.length = 0; offer.length <= offer.response->length;
       offer.length++) {
    bool enough = whole == NSS_STATUS_SUCCESS
                      ? offer.length >= end
                      : offer.length == offer.response->length;

    attempt(&offer, 0, BUFFER_BYTES, &outcome);
    if (outcome.host_error == NO_ADDRESS && whole == NSS_STATUS_NOTFOUND)
      continue; /* the end of the list is enough */
    if (outcome.status != (enough ? whole : NSS_STATUS_UNAVAIL))
      complain("understood wrongly", offer.length);
    else if (whole == NSS_STATUS_SUCCESS && enough &&
             !same(&offer, &outcome, &again))
      complain("not what the daemon said", offer.length);
  }
}

/* check_sizes tries every size of the buffer, at even and odd addresses. Who
 * comes back with a larger one is not made to wait again. */
static void check_sizes(const struct offer *offer) {
  static struct outcome outcome;
  uint32_t action = word_at(offer->request, 4);

  for (size_t shift = 0; shift < sizeof(char *); shift++) {
    size_t size = 0, asked = 0, end;

    do {
      attempt(offer, shift, size++, &outcome);
      asked += outcome.connected;
    } while (outcome.status == NSS_STATUS_TRYAGAIN && size < 2048);
    if (size == 1 || outcome.status != NSS_STATUS_SUCCESS ||
        !same(offer, &outcome, &end))
      complain("does not fit into any buffer", shift);
    if (asked != (action == ACTION_SHADOW_BYNAME ? size : 1))
      complain("asked too often", asked);
  }
}

/* check_memory lets one allocation after the other fail. */
static void check_memory(struct offer offer, enum nss_status whole) {
  static struct outcome outcome;

  for (offer.failing = 1; offer.failing <= 5; offer.failing++) {
    attempt(&offer, 0, BUFFER_BYTES, &outcome);
    if (offer.failing <= 2 && outcome.status != NSS_STATUS_UNAVAIL)
      complain("an answer without memory", (size_t)offer.failing);
    if (outcome.status != NSS_STATUS_UNAVAIL && outcome.status != whole)
      complain("understood wrongly without memory", (size_t)offer.failing);
    drop(&offer, &outcome);
  }
  /* An answer that does not fit and cannot be kept is asked for again. */
  for (offer.failing = 1; offer.failing <= 5; offer.failing++) {
    attempt(&offer, 0, 0, &outcome);
    drop(&offer, &outcome);
  }
}

/* check_broken changes one byte after the other: what is found then is what
 * stands there, to the byte, or it is not found. */
static void check_broken(struct offer offer) {
  static const unsigned char others[] = {0x00, 0x01, 0x02, 0x03, 0x7f,
                                         0x80, 0xff, '\n', 'x'};
  static struct outcome outcome;
  static struct frame broken;
  size_t end;

  broken = *offer.response;
  offer.response = &broken;
  for (size_t i = 0; i < broken.length; i++) {
    unsigned char was = broken.data[i];

    for (size_t k = 0; k < sizeof others; k++) {
      broken.data[i] = others[k];
      attempt(&offer, 0, BUFFER_BYTES, &outcome);
      if (i < 8 && others[k] != was && outcome.status != NSS_STATUS_UNAVAIL)
        complain("took another head", i);
      if (outcome.status == NSS_STATUS_SUCCESS && !same(&offer, &outcome, &end))
        complain("not what the daemon said", i);
      forget_kept();
    }
    broken.data[i] = was;
  }
}

/* check_disabled is a daemon that has loaded the module. */
static void check_disabled(const struct offer *offer) {
  static struct outcome outcome;

  _nss_goldap_enablelookups = 0;
  look_up(offer, buffer, sizeof buffer, &outcome);
  _nss_goldap_enablelookups = 1;
  if (outcome.status != NSS_STATUS_UNAVAIL || outcome.connected)
    complain("asked although it is switched off", 0);
}

static void check_lookup(const struct offer *offer) {
  size_t end = 0;
  enum nss_status whole = check_whole(offer, &end);
  uint32_t action = word_at(offer->request, 4);

  check_prefixes(*offer, whole, end);
  if (whole == NSS_STATUS_SUCCESS && action != ACTION_GROUP_BYMEMBER &&
      action != ACTION_NETGROUP_BYNAME)
    check_sizes(offer);
  check_memory(*offer, whole);
  check_broken(*offer);
  check_disabled(offer);
}

/* next_of is the next entry of an enumeration, in buffers of every size until
 * it fits. */
static void next_of(const struct enumeration *enumeration, size_t from,
                    struct outcome *outcome) {
  size_t size = from;

  do {
    memset(buffer, FILL, sizeof buffer);
    get_next(enumeration, buffer + 1, size, outcome);
    check_errors(outcome, enumeration->action);
    check_limits(outcome, enumeration->action, 1, size);
    size++;
  } while (outcome->status == NSS_STATUS_TRYAGAIN && size < BUFFER_BYTES);
  if (from == 0 && outcome->status == NSS_STATUS_SUCCESS && size == 1)
    complain("fits into no buffer at all", size);
}

/* enumerate goes through all entries of the offer's response, and what is
 * found must be there. It returns the status at the end, and how many entries
 * there were. */
static enum nss_status enumerate(const struct offer *offer, size_t from,
                                 bool compare, size_t *count, size_t *end) {
  static struct outcome outcome;
  const struct enumeration *enumeration =
      enumeration_of(word_at(offer->request, 4));
  size_t at = 8;

  *count = 0;
  *end = at;
  if (enumeration->set() != NSS_STATUS_SUCCESS)
    complain("cannot begin", 0);
  offer_answer(offer);
  for (;;) {
    next_of(enumeration, from, &outcome);
    if (outcome.status != NSS_STATUS_SUCCESS)
      break;
    pass_over(enumeration->action, offer->response, &at);
    at += 4;
    if (compare && !same_entry(enumeration->action, VARIANT_IPV4, &outcome,
                               offer->response, &at))
      complain("not what the daemon said", at);
    *end = at;
    ++*count;
  }
  /* It is over until it is begun anew. */
  get_next(enumeration, buffer, 0, &outcome);
  offer_answer(&(struct offer){.response = offer->response});
  take_sent(&outcome);
  if (enumeration->end() != NSS_STATUS_SUCCESS)
    complain("cannot end", 0);
  if (outcome.connected &&
      (outcome.sent.length != offer->request->length ||
       memcmp(outcome.sent.data, offer->request->data, 8) != 0))
    complain("asked in other bytes", outcome.sent.length);
  return outcome.status;
}

/* check_enumeration: entries count when they are whole; the end only with its
 * marker. */
static void check_enumeration(struct offer offer) {
  static struct frame broken;
  size_t all, count, end = 8;
  bool ends = word_at(offer.response, offer.response->length - 4) ==
              (uint32_t)WIRE_RESULT_END;

  if (enumerate(&offer, BUFFER_BYTES - 1, true, &all, &end) !=
      (ends ? NSS_STATUS_NOTFOUND : NSS_STATUS_UNAVAIL))
    complain("another end", all);
  pass_over(word_at(offer.request, 4), offer.response, &end);
  if (end + (ends ? 4 : 0) != offer.response->length)
    complain("not all of it", end);
  enumerate(&offer, 0, true, &count, &end);
  if (count != all)
    complain("not all in small buffers", count);
  for (offer.length = 0; offer.length < offer.response->length;
       offer.length++) {
    enum nss_status status =
        enumerate(&offer, BUFFER_BYTES - 1, true, &count, &end);

    if (status != NSS_STATUS_UNAVAIL || count > all ||
        (count > 0 && end > offer.length))
      complain("understood wrongly", offer.length);
  }
  for (offer.failing = 1; offer.failing <= 4; offer.failing++)
    enumerate(&offer, BUFFER_BYTES - 1, true, &count, &end);
  offer.failing = 0;
  broken = *offer.response;
  offer.response = &broken;
  for (size_t i = 0; i < broken.length; i++)
    for (unsigned bit = 0; bit < 8; bit++) {
      broken.data[i] ^= (unsigned char)(1 << bit);
      enumerate(&offer, BUFFER_BYTES - 1, false, &count, &end);
      broken.data[i] ^= (unsigned char)(1 << bit);
    }
}

static void write_seed(const struct frame *response) {
  char path[PATH_MAX];
  FILE *file;

  snprintf(path, sizeof path, "%s/%u", seeds, frames++);
  file = fopen(path, "we");
  if (file == NULL ||
      fwrite(response->data, 1, response->length, file) != response->length ||
      fclose(file) != 0) {
    perror(path);
    exit(1);
  }
}

static void check(const struct frame *request, const struct frame *response) {
  static struct outcome outcome;
  struct offer offer = {
      .request = request, .response = response, .length = response->length};
  uint32_t action = word_at(request, 4);

  if (enumeration_of(action) != NULL) {
    check_enumeration(offer);
    frames++;
    return;
  }
  if (!look_up(&offer, buffer, sizeof buffer, &outcome))
    return;
  drop(&offer, &outcome);
  for (; offer.variant < (action == ACTION_HOST_BYNAME ? VARIANTS : 1);
       offer.variant++)
    check_lookup(&offer);
  frames++;
}

static void decode(struct frame *frame, const char *hex) {
  unsigned byte;

  frame->length = 0;
  for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
    frame->data[frame->length++] = (unsigned char)byte;
}

static void check_file(const char *path) {
  static char line[LINE_BYTES], name[LINE_BYTES];
  static struct frame request, response;
  FILE *file = fopen(path, "re");

  if (file == NULL) {
    perror(path);
    exit(1);
  }
  while (fgets(line, sizeof line, file) != NULL) {
    char *rest, *word = strtok_r(line, " \n", &rest), *kind;

    if (word == NULL || *word == '#')
      continue;
    kind = strtok_r(NULL, " \n", &rest);
    if (strcmp(kind, "request") == 0) {
      strcpy(name, word);
      decode(&request, strtok_r(NULL, " \n", &rest));
      continue;
    }
    current = name;
    decode(&response, strtok_r(NULL, " \n", &rest));
    if (seeds != NULL)
      write_seed(&response);
    else
      check(&request, &response);
  }
  fclose(file);
}

int main(int argc, char **argv) {
  int first = 1;

  if (argc > 2 && strcmp(argv[1], "-s") == 0) {
    seeds = argv[2];
    first = 3;
  }
  for (int i = first; i < argc; i++)
    check_file(argv[i]);
  printf("%u frames, %u faults\n", frames, faults);
  return frames >= 60 && faults == 0 ? 0 : 1;
}
