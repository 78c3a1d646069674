/*
 * thread.h - what the name-service module keeps for a thread between calls
 *
 * A thread has its own, and it is freed when the thread ends (the module is
 * never unloaded, so the function that does that stays where it is). In a
 * forked child the parent's answers are forgotten and its enumerations are
 * broken: parent and child would each get half of the stream.
 */
#ifndef GOLDAP_NSS_THREAD_H
#define GOLDAP_NSS_THREAD_H

#include "common.h"

enum { KEPT_TIME = 1000 }; /* milliseconds */

/* An enumeration. */
struct stream {
  enum { STREAM_IDLE, STREAM_OPEN, STREAM_OVER } state;
  bool pending;        /* the entry was not packed yet */
  enum nss_status end; /* of a stream that is over */
  struct lookup lookup;
};

/* An answer that did not fit, with its question. */
struct kept {
  bool is;
  uid_t caller; /* the effective uid, on which the answer may depend */
  struct lookup lookup;
};

struct thread {
  pid_t process;
  struct kept kept;
  struct stream streams[MAPS];
};

/* The calling thread's, or NULL. goldap_thread_here makes it if there is none;
 * NULL means that there is no memory. */
struct thread *goldap_thread(void);
struct thread *goldap_thread_here(void);

/* Keeps the answer, which did not fit, for the next call; the lookup is empty
 * then. If it cannot be kept, nothing happens. */
void goldap_keep(struct lookup *lookup);
/* Moves the thread's kept answer to the lookup and returns true, if it is one
 * to the same question. If not, it is forgotten. */
bool goldap_recall(struct lookup *lookup);

/* Ends an enumeration with a status, which every further call gets. */
void goldap_finish(struct stream *stream, enum nss_status status);
#endif
