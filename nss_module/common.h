/*
 * common.h - lookups and enumerations of the name-service module
 *
 * The module runs inside every program that looks up a name, and starts
 * nothing there. A lookup is one connection to goldapd with one request and one
 * answer (docs/protocol.md), within LOOKUP_BUDGET. An entry is read into memory
 * of the module's own first. Only when it is complete, makes sense and fits is
 * it packed into the caller's buffer; after any other end nothing there has
 * changed.
 *
 * Two things are kept between calls, each by one thread for itself (thread.h):
 * the connection of an enumeration, until its end, and for a second an answer
 * that did not fit, because the C library comes back for it at once.
 *
 * Statuses, as the C library understands them (nsswitch.conf(5)):
 *
 *   SUCCESS            found; errno is as it was
 *   NOTFOUND  ENOENT   the daemon says that there is no such entry, or no more
 *   UNAVAIL   ENOENT   nobody could tell: no daemon, a broken or a late answer
 *   TRYAGAIN  ERANGE   the buffer is too small; the C library comes back with
 *                      a larger one
 *   TRYAGAIN  EAGAIN   the daemon has too many callers waiting
 *
 * Lookups of hosts and networks have h_errno, too; see error_of_hosts.
 */
#ifndef GOLDAP_NSS_COMMON_H
#define GOLDAP_NSS_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../pam_module/wire.h"
#include "exports.h"

enum {
  ACTION_ALIAS_BYNAME = 0x00020001,
  ACTION_ALIAS_ALL = 0x00020008,
  ACTION_ETHER_BYNAME = 0x00030001,
  ACTION_ETHER_BYETHER = 0x00030002,
  ACTION_ETHER_ALL = 0x00030008,
  ACTION_GROUP_BYNAME = 0x00040001,
  ACTION_GROUP_BYGID = 0x00040002,
  ACTION_GROUP_BYMEMBER = 0x00040006,
  ACTION_GROUP_ALL = 0x00040008,
  ACTION_HOST_BYNAME = 0x00050001,
  ACTION_HOST_BYADDR = 0x00050002,
  ACTION_HOST_ALL = 0x00050008,
  ACTION_NETGROUP_BYNAME = 0x00060001,
  ACTION_NETWORK_BYNAME = 0x00070001,
  ACTION_NETWORK_BYADDR = 0x00070002,
  ACTION_NETWORK_ALL = 0x00070008,
  ACTION_PASSWD_BYNAME = 0x00080001,
  ACTION_PASSWD_BYUID = 0x00080002,
  ACTION_PASSWD_ALL = 0x00080008,
  ACTION_PROTOCOL_BYNAME = 0x00090001,
  ACTION_PROTOCOL_BYNUMBER = 0x00090002,
  ACTION_PROTOCOL_ALL = 0x00090008,
  ACTION_RPC_BYNAME = 0x000a0001,
  ACTION_RPC_BYNUMBER = 0x000a0002,
  ACTION_RPC_ALL = 0x000a0008,
  ACTION_SERVICE_BYNAME = 0x000b0001,
  ACTION_SERVICE_BYNUMBER = 0x000b0002,
  ACTION_SERVICE_ALL = 0x000b0008,
  ACTION_SHADOW_BYNAME = 0x000c0001,
  ACTION_SHADOW_ALL = 0x000c0008,

  LOOKUP_BUDGET = 2000,        /* milliseconds: a lookup in all, or an
                                * enumeration without progress */
  ENTRY_MAX = 2 * 1024 * 1024, /* bytes of one entry on the wire */
  ADDRESS_MAX = 64,            /* bytes of an address of any family */
};

/* The maps that can be enumerated. Netgroups cannot: the C library has no
 * function for it. */
enum map {
  MAP_ALIASES,
  MAP_ETHERS,
  MAP_GROUP,
  MAP_HOSTS,
  MAP_NETWORKS,
  MAP_PASSWD,
  MAP_PROTOCOLS,
  MAP_RPC,
  MAP_SERVICES,
  MAP_SHADOW,
  MAPS
};

/* What of the calling thread is as it was after a call: errno, and whether it
 * can be cancelled. In between it cannot, or a descriptor would be lost. */
struct calm {
  int error, cancelling;
};

/* A question and its answer while it is read. */
struct lookup {
  enum nss_status status; /* SUCCESS while the question makes sense */
  struct wire_request request;
  int fd;
  bool connected, found; /* somebody listens; an entry has begun */
  bool enumerating;      /* the deadline is that of the next bytes */
  wire_time deadline;
  wire_time kept_until; /* when the answer was kept before: until when */
  unsigned char *data;
  size_t length, capacity;
  size_t entry, position; /* where the entry begins; where to read on */
  struct calm calm;
  pid_t process; /* who connected, and what (fstat(2)) */
  dev_t device;
  ino_t inode;
};

/* A string of the entry: where it is from the entry's beginning on, and how
 * many bytes it has. There is no NUL in it. */
struct text {
  size_t offset, length;
};

/* Strings of the entry: where the first one's length is, how many there are,
 * and the bytes that all of them need, with a NUL each. */
struct list {
  size_t offset, bytes;
  uint32_t count;
};

/* The caller's buffer, or what is left of it. */
struct place {
  char *buffer;
  size_t size;
};

/* Where a caller gets an answer: the buffer, and the errors. h_errnop is NULL
 * but for hosts and networks. */
struct reply {
  struct place place;
  int *errnop, *h_errnop;
};

/* Reads one entry of a map and packs it into the place and the structure at
 * result. Returns SUCCESS, TRYAGAIN if it does not fit, NOTFOUND if there is
 * nothing in it for this caller, and UNAVAIL if the answer is broken. */
typedef enum nss_status reader(struct lookup *lookup, void *result,
                               struct place place);

/* lookup.c: one question, one answer */

struct calm goldap_enter(void);
void goldap_leave(struct calm calm);

/* Starts the clock and the request. After it, goldap_find or goldap_end must be
 * called. */
void goldap_begin(struct lookup *lookup, int32_t action);
/* Adds a name. One that is too long belongs to nobody. */
void goldap_put_name(struct lookup *lookup, const char *name);
/* Adds the name of a user or a group. That of the daemon's is nobody's here. */
void goldap_put_account(struct lookup *lookup, const char *name);
/* Adds an address of a family. */
void goldap_put_address(struct lookup *lookup, int family, const void *address,
                        size_t length);
/* Sends the request and reads up to the first entry. */
enum nss_status goldap_ask(struct lookup *lookup);
/* Closes, wipes and sets the errors as the status wants them. Returns the
 * status. */
enum nss_status goldap_end(struct lookup *lookup, enum nss_status status,
                           struct reply reply);
/* All of it: asks, has the first entry read (there may be several), ends. */
enum nss_status goldap_find(struct lookup *lookup, reader *read, void *result,
                            struct reply reply);
/* The call was wrong: no family that is known. */
enum nss_status goldap_no_family(struct reply reply);
/* Prepares a lookup as goldap_begin does, for one that is not of a single
 * call. */
void goldap_prepare(struct lookup *lookup, int32_t action);
/* Closes the connection and frees and wipes all that the lookup has. */
void goldap_release(struct lookup *lookup);
/* Whether the descriptor is the connection still: the program may have closed
 * all of its descriptors, and opened something else there. */
bool goldap_still_connected(const struct lookup *lookup);
/* Sets the caller's errno and h_errno for a status. */
void goldap_set_errors(const struct lookup *lookup, enum nss_status status,
                       struct reply reply);

/* enumerate.c */

/* Closes the thread's enumeration, if it has one: for setXent and endXent. */
enum nss_status goldap_rewind(enum map map);
/* The next entry of the map's enumeration, which begins with the first call. */
enum nss_status goldap_get(enum map map, int32_t action, reader *read,
                           void *result, struct reply reply);

/* entry.c: these read from the entry. They return false if the answer ends,
 * comes too late or makes no sense. */

/* What stands before the first entry: SUCCESS if it follows, UNAVAIL if nothing
 * comes. Anything else says that there is none, as the stock module has it. */
enum nss_status goldap_first(struct lookup *lookup);
/* What stands before another entry, or at the end of all: SUCCESS if an entry
 * follows, NOTFOUND if that was all, UNAVAIL if neither. */
enum nss_status goldap_next(struct lookup *lookup);
bool goldap_read_int32(struct lookup *lookup, int32_t *value);
bool goldap_read_text(struct lookup *lookup, struct text *text);
/* Reads a string that must have at least one byte. */
bool goldap_read_name(struct lookup *lookup, struct text *text);
bool goldap_read_bytes(struct lookup *lookup, void *bytes, size_t n);
/* Reads how many of something follow. */
bool goldap_read_count(struct lookup *lookup, uint32_t *count);
bool goldap_read_list(struct lookup *lookup, struct list *list);
/* Reads one address. Its bytes begin offset bytes after the entry. */
bool goldap_read_address(struct lookup *lookup, int32_t *family, size_t *offset,
                         size_t *length);

/* entry.c: these pack what was read. It must fit. */

/* How many bytes to leave out for an aligned pointer. */
size_t goldap_padding(const struct place *place);
/* The bytes of the array of pointers to a list, with the NULL at its end. */
size_t goldap_array_size(const struct list *list);
/* Takes n bytes off the place's beginning. */
void *goldap_reserve(struct place *place, size_t n);
/* Takes off the array of a list, aligned. */
char **goldap_reserve_array(struct place *place, const struct list *list);
/* Copies the string, ends it with NUL, and returns the copy. */
char *goldap_pack(const struct lookup *lookup, struct text text,
                  struct place *place);
/* Copies the strings and points to them, and to NULL, from the array. */
void goldap_pack_list(const struct lookup *lookup, struct list list,
                      char **array, struct place *place);

#endif
