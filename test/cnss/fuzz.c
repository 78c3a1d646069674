/*
 * fuzz.c is a libFuzzer target: the input is what a daemon answers, with the
 * action of the question where it belongs, and in the place of the version the
 * size of the first buffer and what hosts are asked for. What the name-service
 * module finds must be what stands there (walk.c), and if it finds nothing, it
 * must have left everything as it was.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "offline.h"

enum { BUFFER_BYTES = 256 * 1024, FILL = 0xa5, SIZE_UNIT = 16 };

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static const struct {
  uint32_t action;
  size_t words; /* behind the action: empty strings, zeros, an address */
} questions[] = {
    {ACTION_ALIAS_BYNAME, 1},    {ACTION_ETHER_BYNAME, 1},
    {ACTION_GROUP_BYNAME, 1},    {ACTION_GROUP_BYMEMBER, 1},
    {ACTION_HOST_BYNAME, 1},     {ACTION_HOST_BYADDR, 3},
    {ACTION_NETGROUP_BYNAME, 1}, {ACTION_NETWORK_BYNAME, 1},
    {ACTION_PASSWD_BYUID, 1},    {ACTION_PROTOCOL_BYNUMBER, 1},
    {ACTION_RPC_BYNUMBER, 1},    {ACTION_SERVICE_BYNAME, 2},
    {ACTION_SHADOW_BYNAME, 1},   {ACTION_ALIAS_ALL, 0},
    {ACTION_ETHER_ALL, 0},       {ACTION_GROUP_ALL, 0},
    {ACTION_HOST_ALL, 0},        {ACTION_NETWORK_ALL, 0},
    {ACTION_PASSWD_ALL, 0},      {ACTION_PROTOCOL_ALL, 0},
    {ACTION_RPC_ALL, 0},         {ACTION_SERVICE_ALL, 0},
    {ACTION_SHADOW_ALL, 0},
};

enum { QUESTIONS = sizeof questions / sizeof questions[0] };

static char buffer[BUFFER_BYTES];
static struct frame request, response;
static struct outcome outcome;

static void put_head(struct frame *frame, uint32_t action) {
  memset(frame->data, 0, 8);
  frame->data[3] = WIRE_VERSION;
  for (int i = 0; i < 4; i++)
    frame->data[4 + i] = (unsigned char)(action >> (24 - 8 * i));
}

/* make_request puts the question together. An address has a family and a
 * length. */
static void make_request(size_t which) {
  memset(request.data, 0, 64);
  put_head(&request, questions[which].action);
  request.length = 8 + 4 * questions[which].words;
  if (questions[which].action == ACTION_HOST_BYADDR) {
    request.data[11] = 2;
    request.data[15] = 4;
  }
}

static void untouched(void) {
  const char *entry = (const char *)&outcome.entry;

  for (size_t i = 0; i < sizeof outcome.entry; i++)
    if ((unsigned char)entry[i] != FILL)
      abort();
  for (size_t i = 0; i < 8192; i++)
    if ((unsigned char)buffer[i] != FILL)
      abort();
}

static void ask(const struct offer *offer, size_t size) {
  uint32_t action = word_at(&request, 4);
  size_t at = 12;

  look_up(offer, buffer, size, &outcome);
  if (outcome.status == NSS_STATUS_TRYAGAIN) {
    untouched();
    look_up(offer, buffer, sizeof buffer, &outcome);
  }
  if (outcome.status == NSS_STATUS_SUCCESS &&
      !same_entry(action, offer->variant, &outcome, &response, &at))
    abort();
  if (outcome.status != NSS_STATUS_SUCCESS)
    untouched();
  if (outcome.status == NSS_STATUS_TRYAGAIN)
    abort();
  forget_kept();
}

static void enumerate(const struct offer *offer, size_t size) {
  const struct enumeration *all = enumeration_of(word_at(&request, 4));
  size_t at = 8;

  all->set();
  offer_answer(offer);
  do {
    memset(buffer, FILL, 8192);
    get_next(all, buffer, size, &outcome);
    if (outcome.status == NSS_STATUS_TRYAGAIN) {
      untouched();
      get_next(all, buffer, sizeof buffer, &outcome);
    }
    pass_over(all->action, &response, &at);
    at += 4;
    if (outcome.status == NSS_STATUS_SUCCESS &&
        !same_entry(all->action, VARIANT_IPV4, &outcome, &response, &at))
      abort();
  } while (outcome.status == NSS_STATUS_SUCCESS);
  if (outcome.status == NSS_STATUS_TRYAGAIN)
    abort();
  untouched();
  all->end();
  take_sent(&outcome);
}

/* find is the question with the response's action, or the number of all. */
static size_t find(uint32_t action) {
  size_t which = 0;

  while (which < QUESTIONS && questions[which].action != action)
    which++;
  return which;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
  struct offer offer = {.request = &request, .response = &response};
  size_t which;

  if (size < 8 || size > FRAME_BYTES)
    return 0;
  memcpy(response.data, data, size);
  response.length = size;
  which = find(word_at(&response, 4));
  if (which == QUESTIONS)
    return 0;
  make_request(which);
  put_head(&response, questions[which].action);
  offer.length = size;
  offer.variant = data[1] % VARIANTS;
  memset(buffer, FILL, 8192);
  if (questions[which].words == 0)
    enumerate(&offer, data[0] * SIZE_UNIT);
  else
    ask(&offer, data[0] * SIZE_UNIT);
  return 0;
}
