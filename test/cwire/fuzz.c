/*
 * fuzz.c is a libFuzzer target: the input is what a daemon answers, behind a
 * byte that chooses the question. The module must make of it what the second
 * implementation in expect.c makes of it.
 */
#include <stdlib.h>
#include <string.h>

#include "offline.h"

enum { ANSWER_MAX = 100000 };

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* The shortest requests: empty strings. */
static const struct {
  int32_t action;
  size_t words; /* behind the action */
} questions[FUZZ_QUESTIONS] = {
    {WIRE_PAM_AUTHC, 6},  {WIRE_PAM_AUTHZ, 5}, {WIRE_PAM_PWMOD, 8},
    {WIRE_CONFIG_GET, 1}, {WIRE_LOGIN, 8},     {WIRE_ADMIT, 6},
};

static struct bytes question(size_t which, unsigned char frame[64]) {
  uint32_t action = (uint32_t)questions[which].action;

  memset(frame, 0, 64);
  frame[3] = WIRE_VERSION;
  for (int i = 0; i < 4; i++)
    frame[4 + i] = (unsigned char)(action >> (24 - 8 * i));
  if (questions[which].action == WIRE_CONFIG_GET)
    frame[11] = WIRE_CONFIG_PROHIBIT_MESSAGE;
  return (struct bytes){frame, 8 + 4 * questions[which].words};
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
  unsigned char frame[64];
  struct answer answer, expected;
  enum ask_result got, want;
  struct bytes response, sent;
  size_t which;

  if (size < 1 || size > ANSWER_MAX)
    return 0;
  which = data[0] % FUZZ_QUESTIONS;
  response = (struct bytes){data + 1, size - 1};
  if (!ask_offline(question(which, frame), response, &got, &answer, &sent))
    abort();
  want = expect_answer(questions[which].action, response, &expected);
  if (!same_answer(got, &answer, want, &expected))
    abort();
  return 0;
}
