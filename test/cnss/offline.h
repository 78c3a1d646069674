/*
 * offline.h - the name-service module without a daemon
 *
 * The module's C files are compiled as they are. The linker puts another
 * function in the place of wire_connect (--wrap), which gives them a socket in
 * which the answer waits already. malloc can be made to fail.
 */
#ifndef GOLDAP_NSS_OFFLINE_H
#define GOLDAP_NSS_OFFLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "exports.h"

enum { FRAME_BYTES = 16 * 1024, GIDS = 1024 };

struct frame {
  unsigned char data[FRAME_BYTES];
  size_t length;
};

/* What a call is given and what it leaves behind. */
struct outcome {
  enum nss_status status;
  int error, host_error, saved; /* *errnop; *h_errnop; errno */
  bool connected;               /* the module has asked, and closed */
  struct frame sent;
  union {
    struct aliasent alias;
    struct etherent ether;
    struct group group;
    struct hostent host;
    struct gaih_addrtuple *tuples;
    struct netent network;
    struct passwd passwd;
    struct protoent protocol;
    struct rpcent rpc;
    struct servent service;
    struct spwd shadow;
    struct __netgrent netgroup;
  } entry;
  gid_t gids[GIDS]; /* initgroups: from the second on; the first was there */
  long count;
};

/* What hosts can be asked for with the same request. */
enum variant { VARIANT_IPV4, VARIANT_IPV6, VARIANT_BOTH, VARIANTS };

/* A question with the answer that waits for it. */
struct offer {
  const struct frame *request, *response;
  size_t length; /* as much of the response as there is */
  enum variant variant;
  int failing; /* the allocation that fails, or 0 */
};

/* Calls the function that asks the request, and collects what became of it.
 * Returns false if no function asks that. */
bool look_up(const struct offer *offer, char *buffer, size_t size,
             struct outcome *outcome);

/* The functions of a map's enumeration. */
struct enumeration {
  uint32_t action;
  enum nss_status (*set)(void);
  enum nss_status (*get)(struct outcome *outcome, char *buffer, size_t size);
  enum nss_status (*end)(void);
};

/* The enumeration that asks the action, or NULL. */
const struct enumeration *enumeration_of(uint32_t action);
/* Puts the answer where the next connection finds it. */
void offer_answer(const struct offer *offer);
/* The next entry, in a buffer of that size. */
void get_next(const struct enumeration *enumeration, char *buffer, size_t size,
              struct outcome *outcome);
/* Reads what was asked since then. The module must have closed. */
void take_sent(struct outcome *outcome);

/* Drops an answer that the module keeps for the thread. */
void forget_kept(void);

/* The word at an offset of a frame; 0 if it is not there. */
uint32_t word_at(const struct frame *frame, size_t offset);

/* walk.c: whether the outcome of a call is what stands at *at in the response
 * to the action; *at is moved behind it. */
bool same_entry(uint32_t action, enum variant variant,
                const struct outcome *outcome, const struct frame *response,
                size_t *at);
/* Moves *at behind the entries that an enumeration passes over: hosts and
 * networks without an IPv4 address. */
void pass_over(uint32_t action, const struct frame *response, size_t *at);

#endif
