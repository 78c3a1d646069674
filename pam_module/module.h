/*
 * module.h - what the C files of pam_goldap.so share
 *
 * This is all of goldap that runs inside other people's programs. It keeps no
 * state but what it hangs on the PAM handle, and leaves no thread, signal
 * handler, descriptor or child behind.
 *
 *   auth.c, account.c, password.c, session.c   the entry points, pam_sm_*(3)
 *   call.c      what the entry points share: options, the user, messages
 *   admit.c     what follows for the program when a user may go on
 *   state.c     what one call leaves for the next
 *   ask.c       one question to the daemon or to this file as a program
 *   peer.c      who may be handed a password
 *   spawn.c     executes this file as a program
 *   program.c   what happens when it is executed
 *   wire.c      the protocol; libnss_goldap has the same file
 *   log.c       lines for the administrator
 */
#ifndef GOLDAP_MODULE_H
#define GOLDAP_MODULE_H

#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdbool.h>
#include <sys/types.h>

#include "wire.h"

enum mode { MODE_AUTO, MODE_DAEMON, MODE_DIRECT };

/* The arguments of the line in the service file. */
struct options {
  bool ignore_unknown_user;
  bool ignore_authinfo_unavail;
  bool no_warn;
  bool nodelay;
  bool template_user; /* users may become another (template_login) */
  bool debug;
  bool local_users;
  unsigned long minimum_uid;
  const char *config; /* NULL: the program's own search order */
  const char *socket;
  enum mode mode;
};

/* One call of an entry point. The strings belong to libpam or to the service
 * file's arguments. */
struct call {
  pam_handle_t *pamh;
  const char *operation; /* "auth", "account", ... for the log */
  bool silent;
  bool local; /* the user is in the passwd(5) file of this machine */
  struct options options;
  const char *user, *service, *ruser, *rhost, *tty;
};

/* call.c */

/* Fills in call and decides whether the user is ours. Returns PAM_SUCCESS to
 * go on, else what the entry point has to return; for a local user that is
 * PAM_USER_UNKNOWN, unless local_users says to go on. call->local is set for
 * both. */
int goldap_begin(struct call *call, pam_handle_t *pamh, const char *operation,
                 int flags, int argc, const char **argv);
/* Applies ignore_unknown_user and ignore_authinfo_unavail. */
int goldap_finish(const struct call *call, int result);
/* Shows text to the user unless there is none or they asked for silence. */
void goldap_tell(const struct call *call, int style, const char *text);

/* ask.c */

enum ask_result { ASK_ANSWERED, ASK_NOT_FOUND, ASK_UNAVAILABLE };

struct answer {
  int code;          /* PAM code: the verdict on what was asked */
  int authorization; /* PAM code: of an authentication, the second verdict */
  bool authorized_fully; /* the second verdict is that of every access rule */
  char message[WIRE_MESSAGE_MAX + 1];
  /* These are empty where the daemon does not say. */
  char user[WIRE_NAME_MAX + 1];    /* in the directory's spelling */
  char account[WIRE_NAME_MAX + 1]; /* the local user whom the user becomes */
  /* NAME=VALUE strings with their NULs, one behind the other; then a NUL */
  char environment[WIRE_ENVIRONMENT_MAX + 2];
};

/* Checks the user's password, or that of their directory's administrator. */
enum ask_result goldap_authenticate(const struct call *call,
                                    bool as_administrator, const char *password,
                                    struct answer *answer);
enum ask_result goldap_authorize(const struct call *call,
                                 struct answer *answer);
enum ask_result goldap_change_password(const struct call *call,
                                       bool as_administrator, const char *old,
                                       const char *new, struct answer *answer);
/* Why passwords cannot be changed at all; message is empty if they can. */
enum ask_result goldap_prohibition(const struct call *call,
                                   struct answer *answer);
/* Tell the daemon, for its log, that a session begins or ends; the first fills
 * in the session's id. Nothing depends on the answer, so it is not waited for
 * longer than a second, and nobody but the daemon is told. */
bool goldap_note_opened(const struct call *call, char id[WIRE_NAME_MAX + 1]);
bool goldap_note_closed(const struct call *call, const char *id);

/* admit.c */

/* Decides as whom the user goes on, if they may (result is PAM_SUCCESS or
 * PAM_NEW_AUTHTOK_REQD): themselves, in the canonical spelling, or the user
 * whom they become. call->user is that name from then on, in the answer's
 * memory; libpam does not know of it yet. Returns result, or PAM_PERM_DENIED.
 */
int goldap_admit(struct call *call, const struct answer *answer, int result);
/* Gives the program the name and the PAM environment. */
int goldap_hand_over(struct call *call, const struct answer *answer);
/* Takes back what an earlier login on this handle gave. */
void goldap_clear_environment(const struct call *call);

/* state.c: what one call leaves on the PAM handle for those that follow. It is
 * only ever given out for the user it is about. */

/* What an authentication said about letting the user in. */
struct verdict {
  char user[WIRE_NAME_MAX + 1];
  bool complete;     /* every access rule was looked at */
  int authorization; /* PAM code */
  char message[WIRE_MESSAGE_MAX + 1];
};

enum change_origin {
  CHANGE_AS_USER,          /* the old password was asked for, and is right */
  CHANGE_DEMANDED,         /* so it is, by the login that demands the change */
  CHANGE_AS_ADMINISTRATOR, /* it is the administrator's; "" is the known one */
};

/* A password change whose first phase is done. */
struct change {
  char user[WIRE_NAME_MAX + 1];
  enum change_origin origin;
  char *password; /* wiped when it is forgotten */
};

/* Either is NULL if there is none. */
const struct verdict *goldap_verdict(const struct call *call);
const struct change *goldap_change(const struct call *call);
/* Both copy what they are given and return a PAM code. */
int goldap_keep_verdict(const struct call *call, const struct answer *answer);
int goldap_keep_change(const struct call *call, enum change_origin origin,
                       const char *password);
void goldap_forget_change(const struct call *call);
/* Forgets verdict and change. */
void goldap_forget_login(const struct call *call);
/* The id of the session that is open, "" if none is known. */
const char *goldap_session_id(const struct call *call);
void goldap_keep_session(const struct call *call, const char *id);

/* peer.c */

/* Whether the process at the other end of fd may see a password: root, the
 * owner of the socket's directory if only root can have made it the owner, or
 * this program's own user where that is not root. */
bool goldap_trusts_peer(int fd, const char *path);

/* spawn.c */

struct child {
  pid_t pid;
  int pidfd; /* -1 if there is none to be had */
  int fd;    /* the request goes in, the answer comes out */
};

/* Executes this file as a program that answers one request on child->fd.
 * Returns 0, or -1 with errno. */
int goldap_spawn(const struct call *call, int milliseconds,
                 struct child *child);
/* Closes child->fd and waits until the child is gone, which it is at once; it
 * is killed if it lives on past the deadline. */
void goldap_reap(struct child *child, wire_time deadline);

/* log.c */

/* Sends one line to syslog(3)'s socket without touching what the program has
 * set up for itself with openlog(3). priority is LOG_ERR and the like. */
void goldap_log(const struct call *call, int priority, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void goldap_debug(const struct call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
