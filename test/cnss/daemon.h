/*
 * daemon.h - a daemon for the name-service module, as a thread of the test
 *
 * It listens where the module was compiled to look (GOLDAP_SOCKET, below the
 * current directory).
 */
#ifndef GOLDAP_NSS_DAEMON_H
#define GOLDAP_NSS_DAEMON_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Counts a fault unless good, and says what. faults is how many there were. */
void check(bool good, const char *what);
unsigned faults(void);

/* Who the module believes to run as (geteuid): root at first. */
void pretend(uid_t user);
/* Puts the module's clock forward, for what it keeps. */
void advance(int64_t milliseconds);

pthread_t start(void *(*work)(void *), void *data);

/* Listens, with room for so many that wait. Returns the listener. */
int listen_here(int backlog);
/* The next caller's connection. */
int accept_one(int listener);

/* An answer that is put together and then sent. */
struct answer {
  unsigned char *data;
  size_t length, capacity;
};

void put_word(struct answer *answer, uint32_t word);
void put_text(struct answer *answer, const char *text);
/* A whole entry, with the beginning before it. */
void put_passwd(struct answer *answer, const char *name, uint32_t uid);
/* Members m000000, m000001 and so on. */
void put_group(struct answer *answer, const char *name, uint32_t members);
/* Sends it all and empties it. False if the caller has gone. */
bool send_answer(int fd, struct answer *answer);

/* What start_daemon's daemon has. */
enum {
  USERS = 5000,          /* u0, u1 and so on, with uids from 0 on */
  MEMBERS = 5000,        /* of a group of whatever name */
  HUGE_MEMBERS = 150000, /* of the list's second group: not quite 2 MiB */
  TOO_MANY = 200000,     /* of its last one, after which it breaks */
};

/* Starts a daemon in a thread, for all the rest of the test. It lists users and
 * groups, finds groups, users and passwords of any name, and nothing else. */
void start_daemon(void);
/* How much it was asked, by children of this process, too. */
unsigned requests(void);
/* Whether it has nothing left to do within so long. */
bool idle(unsigned milliseconds);
/* Has it wait before each of the first entries of a list. */
void pause_lists(unsigned milliseconds);

/* How many descriptors here are the module's, and one of them, or -1. */
unsigned connections(void);
int connection(void);

/* Waits for a child, which must exit with 0. */
void wait_for(pid_t child, const char *what);

#endif
