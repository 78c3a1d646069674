/*
 * golden.c checks the name-service module against the golden frames of
 * test/wire, whose README.md has the format:
 *
 *   golden FILE...
 *
 * Each request must come out byte for byte as it stands there. What is found
 * is put on the wire again and must be the response. Of a beginning of a
 * response nothing may be believed; a buffer may have any size; memory may run
 * out; any byte of a response may be another. Whatever fails leaves the
 * caller's memory as it was.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "offline.h"

enum { LINE_BYTES = 2 * FRAME_BYTES + 512, BUFFER_BYTES = 4096, FILL = 0xa5 };

static unsigned frames, faults;
static char buffer[BUFFER_BYTES];
static const char *current;

static void complain(const char *what, size_t number) {
  printf("%s: %s (%zu)\n", current, what, number);
  faults++;
}

static void put_word(struct frame *frame, uint32_t word) {
  for (int shift = 24; shift >= 0; shift -= 8)
    frame->data[frame->length++] = (unsigned char)(word >> shift);
}

static void put_text(struct frame *frame, const char *text) {
  size_t length = strlen(text);

  put_word(frame, (uint32_t)length);
  memcpy(frame->data + frame->length, text, length);
  frame->length += length;
}

static void put_passwd(struct frame *frame, const struct passwd *entry) {
  put_text(frame, entry->pw_name);
  put_text(frame, entry->pw_passwd);
  put_word(frame, entry->pw_uid);
  put_word(frame, entry->pw_gid);
  put_text(frame, entry->pw_gecos);
  put_text(frame, entry->pw_dir);
  put_text(frame, entry->pw_shell);
}

static void put_group(struct frame *frame, const struct group *entry) {
  uint32_t members = 0;

  while (entry->gr_mem[members] != NULL)
    members++;
  put_text(frame, entry->gr_name);
  put_text(frame, entry->gr_passwd);
  put_word(frame, entry->gr_gid);
  put_word(frame, members);
  for (uint32_t i = 0; i < members; i++)
    put_text(frame, entry->gr_mem[i]);
}

static void put_shadow(struct frame *frame, const struct spwd *entry) {
  const long numbers[] = {entry->sp_lstchg, entry->sp_min,   entry->sp_max,
                          entry->sp_warn,   entry->sp_inact, entry->sp_expire};

  put_text(frame, entry->sp_namp);
  put_text(frame, entry->sp_pwdp);
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
    put_word(frame, (uint32_t)numbers[i]);
  put_word(frame, (uint32_t)entry->sp_flag);
}

/* same_gids goes through the entries of the response: name, password, gid and
 * no members. */
static bool same_gids(const struct outcome *outcome,
                      const struct frame *response) {
  size_t at = 8;
  long i = 1;

  for (; word_at(response, at) == WIRE_RESULT_BEGIN; i++) {
    at += 4;
    at += 4 + word_at(response, at);
    at += 4 + word_at(response, at);
    if (i >= outcome->count || outcome->gids[i] != word_at(response, at))
      return false;
    at += 8;
  }
  return i == outcome->count;
}

/* same puts what was found on the wire again: the response begins with it. */
static bool same(const struct outcome *outcome, const struct frame *response) {
  static struct frame again;
  uint32_t action = word_at(response, 4);

  if (action == ACTION_GROUP_BYMEMBER)
    return same_gids(outcome, response);
  again.length = 0;
  put_word(&again, WIRE_VERSION);
  put_word(&again, action);
  put_word(&again, WIRE_RESULT_BEGIN);
  if (action >> 16 == ACTION_PASSWD_BYNAME >> 16)
    put_passwd(&again, &outcome->entry.passwd);
  else if (action >> 16 == ACTION_GROUP_BYNAME >> 16)
    put_group(&again, &outcome->entry.group);
  else
    put_shadow(&again, &outcome->entry.shadow);
  return again.length + 4 <= response->length &&
         memcmp(again.data, response->data, again.length) == 0;
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

/* status_error is the *errnop that belongs to a status of an open lookup. */
static int status_error(enum nss_status status) {
  if (status == NSS_STATUS_SUCCESS)
    return 0;
  return status == NSS_STATUS_TRYAGAIN ? ERANGE : ENOENT;
}

/* attempt looks up and checks what must hold for any outcome. */
static bool attempt(const struct frame *request, const struct frame *response,
                    size_t length, size_t size, size_t shift, int nth,
                    struct outcome *outcome) {
  uint32_t action = word_at(request, 4);

  memset(buffer, FILL, sizeof buffer);
  if (!look_up(request, response, length, buffer + shift, size, nth, outcome))
    return false;
  if (outcome->error != status_error(outcome->status))
    complain("errno does not go with the status", (size_t)outcome->error);
  if (outcome->saved != EDOM)
    complain("errno was not preserved", (size_t)outcome->saved);
  if (outcome->status != NSS_STATUS_SUCCESS && !untouched(outcome, action))
    complain("a failure left something behind", length);
  for (size_t i = shift + size; i < sizeof buffer; i++)
    if ((unsigned char)buffer[i] != FILL)
      complain("wrote behind the buffer", i);
  return true;
}

static enum nss_status wanted(const struct frame *response, size_t length) {
  if (length < response->length || response->length < 12)
    return NSS_STATUS_UNAVAIL;
  return word_at(response, 8) == WIRE_RESULT_BEGIN ? NSS_STATUS_SUCCESS
                                                   : NSS_STATUS_NOTFOUND;
}

/* check_prefixes answers with every beginning of the response. */
static bool check_prefixes(const struct frame *request,
                           const struct frame *response) {
  static struct outcome outcome;

  for (size_t n = 0; n <= response->length; n++) {
    if (!attempt(request, response, n, BUFFER_BYTES, 0, 0, &outcome))
      return false;
    if (outcome.sent.length != request->length ||
        memcmp(outcome.sent.data, request->data, request->length) != 0)
      complain("asked in other bytes", outcome.sent.length);
    if (outcome.status != wanted(response, n))
      complain("understood wrongly", n);
    if (outcome.status == NSS_STATUS_SUCCESS && !same(&outcome, response))
      complain("not what the daemon said", n);
  }
  return true;
}

/* check_sizes tries every size of the buffer, at even and odd addresses. */
static void check_sizes(const struct frame *request,
                        const struct frame *response) {
  static struct outcome outcome;

  if (wanted(response, response->length) != NSS_STATUS_SUCCESS ||
      word_at(request, 4) == ACTION_GROUP_BYMEMBER)
    return;
  for (size_t shift = 0; shift < sizeof(char *); shift++) {
    size_t size = 0;

    do
      attempt(request, response, response->length, size++, shift, 0, &outcome);
    while (outcome.status == NSS_STATUS_TRYAGAIN && size < 2048);
    if (size == 1 || outcome.status != NSS_STATUS_SUCCESS ||
        !same(&outcome, response))
      complain("does not fit into any buffer", shift);
  }
}

/* check_memory lets one allocation after the other fail. */
static void check_memory(const struct frame *request,
                         const struct frame *response) {
  static struct outcome outcome;

  for (int nth = 1; nth <= 4; nth++) {
    attempt(request, response, response->length, BUFFER_BYTES, 0, nth,
            &outcome);
    if (nth <= 2 && outcome.status != NSS_STATUS_UNAVAIL)
      complain("an answer without memory", (size_t)nth);
    if (outcome.status != NSS_STATUS_UNAVAIL &&
        outcome.status != wanted(response, response->length))
      complain("understood wrongly without memory", (size_t)nth);
  }
}

/* check_broken changes one byte after the other: what is found then is what
 * stands there, to the byte, or it is not found. */
static void check_broken(const struct frame *request,
                         const struct frame *response) {
  static const unsigned char others[] = {0x00, 0x01, 0x02, 0x03, 0x7f,
                                         0x80, 0xff, '\n', 'x'};
  static struct outcome outcome;
  static struct frame broken;

  broken = *response;
  for (size_t i = 0; i < broken.length; i++) {
    for (size_t k = 0; k < sizeof others; k++) {
      broken.data[i] = others[k];
      attempt(request, &broken, broken.length, BUFFER_BYTES, 0, 0, &outcome);
      if (i < 8 && others[k] != response->data[i] &&
          outcome.status != NSS_STATUS_UNAVAIL)
        complain("took another head", i);
      if (outcome.status == NSS_STATUS_SUCCESS && !same(&outcome, &broken))
        complain("not what the daemon said", i);
    }
    broken.data[i] = response->data[i];
  }
}

/* check_disabled is a daemon that has loaded the module. */
static void check_disabled(const struct frame *request,
                           const struct frame *response) {
  static struct outcome outcome;

  _nss_goldap_enablelookups = 0;
  attempt(request, response, response->length, BUFFER_BYTES, 0, 0, &outcome);
  _nss_goldap_enablelookups = 1;
  if (outcome.status != NSS_STATUS_UNAVAIL || outcome.connected)
    complain("asked although it is switched off", 0);
}

static void check(const struct frame *request, const struct frame *response) {
  if (!check_prefixes(request, response))
    return;
  check_sizes(request, response);
  check_memory(request, response);
  check_broken(request, response);
  check_disabled(request, response);
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
    check(&request, &response);
  }
  fclose(file);
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++)
    check_file(argv[i]);
  printf("%u frames, %u faults\n", frames, faults);
  return frames >= 20 && faults == 0 ? 0 : 1;
}
