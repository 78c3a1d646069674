/*
 * golden.c checks the module's side of the protocol against the golden frames
 * of test/wire, whose README.md has the format:
 *
 *   golden [-s SEEDS] FILE...
 *
 * Each request that the module can ask must come out byte for byte as it stands
 * there, and each response must be understood; of every beginning of a response
 * only the whole may be believed. Memory may run out at any point. It prints a
 * line for what is not so, and then the number of frames. In the folder SEEDS
 * it leaves the responses for fuzz.c.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "offline.h"

enum { LINE_BYTES = 32 * 1024 + 2, MOST_ALLOCATIONS = 12 };

struct line {
  char text[LINE_BYTES];
  unsigned char frame[LINE_BYTES / 2];
  size_t length;
  char *name, *kind;
};

static unsigned frames, faults;
static const char *seeds;

static void complain(const char *name, const char *what, size_t length) {
  printf("%s: %s (%zu bytes)\n", name, what, length);
  faults++;
}

static void decode(struct line *line, const char *hex) {
  unsigned byte;

  line->length = 0;
  for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
    line->frame[line->length++] = (unsigned char)byte;
}

/* read_line reads the next line that is not a comment. */
static bool read_line(FILE *file, struct line *line) {
  while (fgets(line->text, sizeof line->text, file) != NULL) {
    char *rest;

    line->name = strtok_r(line->text, " \n", &rest);
    if (line->name == NULL || *line->name == '#')
      continue;
    line->kind = strtok_r(NULL, " \n", &rest);
    decode(line, strtok_r(NULL, " \n", &rest));
    return true;
  }
  return false;
}

static struct bytes bytes_of(const struct line *line) {
  return (struct bytes){line->frame, line->length};
}

static int32_t action_of(struct bytes request) {
  int32_t version = 0, action = 0;

  (void)(cut_int32(&request, &version) && cut_int32(&request, &action));
  return action;
}

/* check_prefix answers with the first length bytes of the response. */
static bool check_prefix(const struct line *request,
                         const struct line *response, size_t length) {
  struct bytes beginning = {response->frame, length}, sent;
  enum ask_result got, want;
  struct answer answer, expected;

  if (!ask_offline(bytes_of(request), beginning, &got, &answer, &sent))
    return false;
  if (sent.length != request->length ||
      memcmp(sent.data, request->frame, sent.length) != 0)
    complain(request->name, "asked in other bytes", sent.length);
  want = expect_answer(action_of(bytes_of(request)), beginning, &expected);
  if (!same_answer(got, &answer, want, &expected))
    complain(request->name, "understood wrongly", length);
  if (length < response->length && got != ASK_UNAVAILABLE)
    complain(request->name, "half an answer was believed", length);
  return true;
}

/* save_seed writes a response behind every question. */
static void save_seed(const struct line *response) {
  for (int question = 0; question < FUZZ_QUESTIONS; question++) {
    char path[1024];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s-%d", seeds, response->name, question);
    file = fopen(path, "we");
    if (file == NULL || fputc(question, file) == EOF ||
        fwrite(response->frame, 1, response->length, file) !=
            response->length ||
        fclose(file) != 0) {
      perror(path);
      exit(1);
    }
  }
}

/* check_memory lets one allocation after the other fail: the module may not
 * get to know the answer then, but it never asks half a question. */
static void check_memory(const struct line *request,
                         const struct line *response) {
  for (int nth = 1; nth <= MOST_ALLOCATIONS; nth++) {
    enum ask_result got, want;
    struct answer answer, expected;
    struct bytes sent;

    fail_allocation(nth);
    ask_offline(bytes_of(request), bytes_of(response), &got, &answer, &sent);
    fail_allocation(0);
    want = expect_answer(action_of(bytes_of(request)), bytes_of(response),
                         &expected);
    if (got != ASK_UNAVAILABLE && !same_answer(got, &answer, want, &expected))
      complain(request->name, "understood wrongly without memory", 0);
    if (sent.length != 0 &&
        (sent.length != request->length ||
         memcmp(sent.data, request->frame, sent.length) != 0))
      complain(request->name, "asked half a question", sent.length);
    if (nth == 1 && got != ASK_UNAVAILABLE &&
        action_of(bytes_of(request)) != WIRE_LOGIN &&
        action_of(bytes_of(request)) != WIRE_ADMIT)
      complain(request->name, "asked without memory", sent.length);
  }
}

static void check(const struct line *request, const struct line *response) {
  if (strcmp(request->name, response->name) != 0 ||
      strcmp(request->kind, "request") != 0 ||
      strcmp(response->kind, "response") != 0)
    complain(request->name, "not a request and its response", 0);
  for (size_t n = 0; n <= response->length; n++)
    if (!check_prefix(request, response, n))
      return;
  check_memory(request, response);
  frames++;
  if (seeds != NULL)
    save_seed(response);
}

static void check_file(const char *path) {
  static struct line request, response;
  FILE *file = fopen(path, "re");

  if (file == NULL) {
    perror(path);
    exit(1);
  }
  while (read_line(file, &request) && read_line(file, &response))
    check(&request, &response);
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
  return frames > 0 && faults == 0 ? 0 : 1;
}
