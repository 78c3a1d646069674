/*
 * host.h - what the files of the host program share
 *
 * host is a program that logs people in through the real libpam and behaves
 * badly while it does so. It is what pam_goldap.so has to live in: see usage()
 * in host.c for what it can be told. When it is done, it reports what became
 * of its logins and whether anything about itself has changed.
 */
#ifndef GOLDAP_HOST_H
#define GOLDAP_HOST_H

#include <security/pam_appl.h>
#include <stdbool.h>
#include <stddef.h>

enum forking { FORK_NEVER, FORK_BEFORE_LOADING, FORK_AFTER_LOADING };

enum { MAX_THREADS = 64, MAX_DESCRIPTORS = 256, SIGNALS = 64 };

/* What the program was told to do. */
struct plan {
  const char *confdir, *service, *user, *password, *report;
  int threads;
  int cycles; /* logins of each thread */
  enum forking forking;
  bool synchronise;       /* wait for a line on stdin before the logins */
  bool close_descriptors; /* those above 2, between the calls of libpam */
  bool close_standard;    /* 0, 1 and 2, for good */
  bool never_end;         /* no pam_end */
  bool leak;              /* lose memory, to see the sanitizer find it */
  /* RLIMIT_NOFILE and RLIMIT_NPROC while libpam is called; 0: as they are. */
  unsigned long files, processes;
};

/* What became of the logins. Codes are PAM's; each has its count. */
struct tally {
  unsigned right[_PAM_RETURN_VALUES], wrong[_PAM_RETURN_VALUES];
  long slowest; /* milliseconds of the slowest call of libpam */
  bool mask_changed;
};

/* login.c */

/* Logs in once, with the right or a wrong password, on a handle of its own. */
void log_in(const struct plan *plan, bool right, struct tally *tally);
/* The same on a handle that is open, which it ends. */
void log_in_on(const struct plan *plan, pam_handle_t *pamh, bool right,
               struct tally *tally);
/* Opens a handle, which loads the module. */
pam_handle_t *open_handle(const struct plan *plan);

/* threads.c */

/* Logs in plan->cycles times in each of plan->threads threads. A single thread
 * uses both passwords, of several every second one uses the wrong one. */
void log_in_threads(const struct plan *plan, struct tally *tally);
/* The same, and keeps the threads waiting until release_threads. */
void log_in_and_hold_threads(const struct plan *plan, struct tally *tally);
void release_threads(void);

/* inspect.c */

/* What must be the same before and after. */
struct snapshot {
  int threads;
  unsigned char handlers[SIGNALS + 1][64]; /* rt_sigaction's answers */
  unsigned long long mask;
  char descriptors[MAX_DESCRIPTORS][64]; /* what each one is */
};

void take_snapshot(struct snapshot *snapshot);
/* Blocked signals of this thread, one bit each. */
unsigned long long signal_mask(void);
/* Anonymous resident memory in kB. */
long resident(void);
/* Appends one line to the report: the tally, and what has changed. */
void write_report(const struct plan *plan, const char *who,
                  const struct snapshot *before, const struct tally *tally,
                  long growth);

/* trouble.c */

/* Sets up the trouble called name for the whole life of the program, and
 * returns false if there is none of that name. */
bool make_trouble(struct plan *plan, const char *name);
void close_descriptors_above(int highest);

/* Ends the program with a message. */
void fail(const char *what) __attribute__((noreturn));

#endif
