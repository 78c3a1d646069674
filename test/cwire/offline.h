/*
 * offline.h - the module's side of the protocol without a daemon
 *
 * ask.c and wire.c are compiled as they are. The linker puts another function
 * in the place of wire_connect (--wrap), which gives them a socket in which the
 * answer waits already. What they ask can be read afterwards. malloc can be
 * made to fail.
 */
#ifndef GOLDAP_OFFLINE_H
#define GOLDAP_OFFLINE_H

#include "module.h"

/* How many questions fuzz.c chooses from. */
enum { FUZZ_QUESTIONS = 6 };

/* Some bytes that belong to somebody else. */
struct bytes {
  const unsigned char *data;
  size_t length;
};

/* Asks the question that request is the frame of, and answers it. Returns false
 * if request is not one that the module asks. sent is what the module has put
 * on the wire; it is good until the next call. */
bool ask_offline(struct bytes request, struct bytes response,
                 enum ask_result *result, struct answer *answer,
                 struct bytes *sent);

/* Makes the nth allocation of the module from now on fail; 0: none. */
void fail_allocation(int nth);

/* What the module has to make of a response to action. This is a second
 * implementation, of memory instead of a socket, to compare the first with. */
enum ask_result expect_answer(int32_t action, struct bytes response,
                              struct answer *answer);

/* Reads a word or a string from the front of bytes and moves on; false if there
 * is not enough. */
bool cut_int32(struct bytes *bytes, int32_t *value);
bool cut_string(struct bytes *bytes, struct bytes *string);

/* Whether two answers are the same; those that do not count always are. */
bool same_answer(enum ask_result a, const struct answer *answer_a,
                 enum ask_result b, const struct answer *answer_b);

#endif
