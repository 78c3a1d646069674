/*
 * common.h - one lookup of the name-service module
 *
 * The module runs inside every program that looks up a name: it has no state,
 * keeps no descriptor and starts nothing. A lookup is one connection to goldapd
 * with one request and one answer (docs/protocol.md), within LOOKUP_BUDGET.
 *
 * An entry is read into memory of the module's own first. Only when it is
 * complete, makes sense and fits is it packed into the caller's buffer; after
 * any other end nothing there has changed.
 *
 * Statuses, as the C library understands them (nsswitch.conf(5)):
 *
 *   SUCCESS            found; errno is as it was
 *   NOTFOUND  ENOENT   the daemon says that there is no such entry
 *   UNAVAIL   ENOENT   nobody could tell: no daemon, a broken or a late answer
 *   TRYAGAIN  ERANGE   the buffer is too small; the C library comes back with
 *                      a larger one
 *   TRYAGAIN  EAGAIN   the daemon has too many callers waiting
 */
#ifndef GOLDAP_NSS_COMMON_H
#define GOLDAP_NSS_COMMON_H

#include <nss.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../pam_module/wire.h"

enum {
  ACTION_GROUP_BYNAME = 0x00040001,
  ACTION_GROUP_BYGID = 0x00040002,
  ACTION_GROUP_BYMEMBER = 0x00040006,
  ACTION_PASSWD_BYNAME = 0x00080001,
  ACTION_PASSWD_BYUID = 0x00080002,
  ACTION_SHADOW_BYNAME = 0x000c0001,

  LOOKUP_BUDGET = 2000,        /* milliseconds, from connecting to the end */
  ENTRY_MAX = 2 * 1024 * 1024, /* bytes of one entry on the wire */
};

/* A daemon that loads this file, as nslcd loads its own, clears the first so
 * that it never asks itself: no function connects to anything then. */
extern int _nss_goldap_enablelookups;
/* The product, the module's interface, and the protocol. */
extern const char *const _nss_goldap_version[3];

/* A question and its answer while it is read. */
struct lookup {
  int fd, error;      /* the connection; the caller's errno */
  wire_time deadline; /* of all */
  unsigned char *data;
  size_t length, capacity;
  size_t entry, position; /* where the entry begins; where to read on */
};

/* A string of the entry: where it is from the entry's beginning on, and how
 * many bytes it has. There is no NUL in it. */
struct text {
  size_t offset, length;
};

/* The caller's buffer, or what is left of it. */
struct place {
  char *buffer;
  size_t size;
};

/* goldap_ask_name and goldap_ask_id put the question and read the answer up to
 * its first entry. Whatever they return, goldap_end must be called. */
enum nss_status goldap_ask_name(struct lookup *lookup, int32_t action,
                                const char *name);
enum nss_status goldap_ask_id(struct lookup *lookup, int32_t action,
                              uint32_t id);

/* Reads what stands before an entry or at the end of all: SUCCESS if an entry
 * follows, NOTFOUND if that was all, UNAVAIL if neither. */
enum nss_status goldap_next(struct lookup *lookup);

/* Whether the entry that was read is followed by another or by the end: one
 * that is not may be half of something. */
bool goldap_complete(struct lookup *lookup);

/* These read from the entry. They return false if the answer ends, comes too
 * late or makes no sense. */
bool goldap_read_int32(struct lookup *lookup, int32_t *value);
bool goldap_read_text(struct lookup *lookup, struct text *text);
/* Reads a string that must have at least one byte. */
bool goldap_read_name(struct lookup *lookup, struct text *text);
/* Reads the number of strings in a list. */
bool goldap_read_count(struct lookup *lookup, uint32_t *count);

/* Copies the string to the place's beginning, ends it with NUL, and moves the
 * place behind it. It must fit. Returns the copy. */
char *goldap_pack(const struct lookup *lookup, struct text text,
                  struct place *place);

/* Closes and wipes. Sets errno as the status wants it, *errnop too, and returns
 * the status. */
enum nss_status goldap_end(struct lookup *lookup, enum nss_status status,
                           int *errnop);

/* The status of a call that opens or closes an enumeration: success, unless
 * lookups are switched off. goldapd does not enumerate yet, so there is nothing
 * to open. */
enum nss_status goldap_enumeration(void);
/* The answer to "the next entry, please": there is none. */
enum nss_status goldap_no_next(int *errnop);

#endif
