#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "module.h"

/* Time limits in milliseconds. A daemon that lives sends the head of its
 * answer at once and then works on the rest: so one that hangs is found out
 * soon enough for this file's own program to take over. */
enum {
  SESSION = 1000,       /* for a daemon to note that a session begins or ends */
  BUDGET = 10000,       /* what the answering end is told to stay within */
  DAEMON_HEAD = 2500,   /* until the first byte; name lookups have 2 s */
  DAEMON_TOTAL = 11000, /* until the last */
  TOTAL = 13000,        /* with this file's own program after the daemon */
};

/* Reads the one result of an answer, up to its end marker. */
typedef int (*read_result)(struct wire_reader *reader, struct answer *answer);

struct question {
  int32_t action;
  struct wire_request request;
  read_result read;
  struct question *plain; /* for a daemon that does not know the action */
  bool once; /* the first try may have been carried out without an answer */
};

/* What became of a question to the daemon that was not answered. */
struct failure {
  bool sent;    /* it may have got there */
  bool refused; /* the daemon closed before it said a word */
};

/* pam_code lets only codes through that the protocol has and libpam expects
 * (nslcd's list); any other is a fault of the other end. */
static int pam_code(int32_t code) {
  switch (code) {
  case PAM_SUCCESS:
  case PAM_PERM_DENIED:
  case PAM_AUTH_ERR:
  case PAM_CRED_INSUFFICIENT:
  case PAM_AUTHINFO_UNAVAIL:
  case PAM_USER_UNKNOWN:
  case PAM_MAXTRIES:
  case PAM_NEW_AUTHTOK_REQD:
  case PAM_ACCT_EXPIRED:
  case PAM_SESSION_ERR:
  case PAM_AUTHTOK_ERR:
  case PAM_AUTHTOK_DISABLE_AGING:
  case PAM_IGNORE:
  case PAM_AUTHTOK_EXPIRED:
    return (int)code;
  default:
    return PAM_SYSTEM_ERR;
  }
}

static int read_code(struct wire_reader *reader, int *code) {
  int32_t value;

  if (wire_read_int32(reader, &value) != 0)
    return -1;
  *code = pam_code(value);
  return 0;
}

static int read_message(struct wire_reader *reader, struct answer *answer) {
  return wire_read_string(reader, answer->message, sizeof answer->message);
}

static int read_authenticated(struct wire_reader *reader,
                              struct answer *answer) {
  if (read_code(reader, &answer->code) != 0 || wire_skip_string(reader) != 0 ||
      read_code(reader, &answer->authorization) != 0)
    return -1;
  return read_message(reader, answer);
}

/* read_environment takes variables of goldap's own only: no answer may set
 * LD_PRELOAD. */
static int read_environment(struct wire_reader *reader, struct answer *answer) {
  char *at = answer->environment;
  char *end = answer->environment + WIRE_ENVIRONMENT_MAX;
  int32_t count;

  if (wire_read_int32(reader, &count) != 0 || count < 0 ||
      count > WIRE_VARIABLES_MAX)
    return -1;
  for (; count > 0; count--) {
    if (wire_read_string(reader, at, (size_t)(end - at)) != 0 ||
        strncmp(at, "GOLDAP_", 7) != 0 || strchr(at, '=') == NULL)
      return -1;
    at += strlen(at) + 1;
  }
  *at = '\0';
  return 0;
}

static int read_session(struct wire_reader *reader, struct answer *answer) {
  if (wire_read_string(reader, answer->account, sizeof answer->account) != 0)
    return -1;
  return read_environment(reader, answer);
}

static int read_user(struct wire_reader *reader, struct answer *answer) {
  return wire_read_string(reader, answer->user, sizeof answer->user);
}

static int read_login(struct wire_reader *reader, struct answer *answer) {
  answer->authorized_fully = true;
  if (read_code(reader, &answer->code) != 0 || read_user(reader, answer) != 0 ||
      read_code(reader, &answer->authorization) != 0 ||
      read_message(reader, answer) != 0)
    return -1;
  return read_session(reader, answer);
}

static int read_admitted(struct wire_reader *reader, struct answer *answer) {
  if (read_code(reader, &answer->code) != 0 || read_user(reader, answer) != 0 ||
      read_message(reader, answer) != 0)
    return -1;
  return read_session(reader, answer);
}

static int read_session_id(struct wire_reader *reader, struct answer *answer) {
  return read_user(reader, answer);
}

static int read_nothing(struct wire_reader *reader, struct answer *answer) {
  (void)reader;
  (void)answer;
  return 0;
}

static int read_verdict(struct wire_reader *reader, struct answer *answer) {
  if (read_code(reader, &answer->code) != 0)
    return -1;
  return read_message(reader, answer);
}

/* read_answer reads what follows the header. Only an answer that is complete
 * counts: one result and the end, or the end alone, which says that there is no
 * such user. */
static enum ask_result read_answer(struct wire_reader *reader, read_result read,
                                   struct answer *answer) {
  int32_t marker;
  struct answer found = {.code = PAM_SYSTEM_ERR,
                         .authorization = PAM_SYSTEM_ERR};

  if (wire_read_int32(reader, &marker) != 0)
    return ASK_UNAVAILABLE;
  if (marker == WIRE_RESULT_END)
    return ASK_NOT_FOUND;
  if (marker != WIRE_RESULT_BEGIN || read(reader, &found) != 0 ||
      wire_read_int32(reader, &marker) != 0 || marker != WIRE_RESULT_END)
    return ASK_UNAVAILABLE;
  *answer = found;
  return ASK_ANSWERED;
}

/* exchange sends the question and reads the answer. The other end closes
 * before it says a word for an action that it does not know. */
static enum ask_result exchange(int fd, const struct question *question,
                                wire_time head, wire_time deadline,
                                struct answer *answer,
                                struct failure *failure) {
  struct wire_reader reader;

  failure->sent = true;
  if (wire_send(fd, &question->request, head) != 0) {
    failure->refused = errno == EPIPE || errno == ECONNRESET;
    return ASK_UNAVAILABLE;
  }
  wire_start_reader(&reader, fd, head);
  if (wire_read_header(&reader, question->action) != 0) {
    failure->refused = reader.closed && !reader.answered;
    return ASK_UNAVAILABLE;
  }
  reader.deadline = deadline;
  return read_answer(&reader, question->read, answer);
}

static enum ask_result ask_daemon(const struct call *call,
                                  const struct question *question,
                                  wire_time start, struct answer *answer,
                                  struct failure *failure) {
  bool last = call->options.mode == MODE_DAEMON;
  wire_time deadline = start + (last ? TOTAL : DAEMON_TOTAL);
  wire_time head = last ? deadline : start + DAEMON_HEAD;
  enum ask_result result = ASK_UNAVAILABLE;
  int fd = wire_connect(call->options.socket, head);

  if (fd < 0) {
    goldap_log(call, last ? LOG_ERR : LOG_NOTICE, "no daemon at %s: %s",
               call->options.socket, strerrordesc_np(errno));
    return ASK_UNAVAILABLE;
  }
  if (!goldap_trusts_peer(fd, call->options.socket))
    goldap_log(call, LOG_ERR,
               "the daemon at %s is neither root's nor the owner's of the "
               "socket's directory: it is not told the password",
               call->options.socket);
  else {
    result = exchange(fd, question, head, deadline, answer, failure);
    if (result == ASK_UNAVAILABLE &&
        !(failure->refused && question->plain != NULL))
      goldap_log(call, LOG_ERR, "the daemon at %s did not answer",
                 call->options.socket);
  }
  close(fd);
  return result;
}

static enum ask_result ask_own_program(const struct call *call,
                                       const struct question *question,
                                       wire_time deadline,
                                       struct answer *answer) {
  struct child child;
  enum ask_result result;
  struct failure failure = {0}; /* of no interest: there is nobody left */
  wire_time left = deadline - wire_now();

  if (left <= 0 || goldap_spawn(call, (int)left, &child) != 0) {
    goldap_log(call, LOG_ERR, "cannot execute the module itself: %s",
               strerrordesc_np(left <= 0 ? ETIMEDOUT : errno));
    return ASK_UNAVAILABLE;
  }
  result = exchange(child.fd, question, deadline, deadline, answer, &failure);
  goldap_reap(&child, deadline);
  if (result == ASK_UNAVAILABLE)
    goldap_log(call, LOG_ERR, "the module's own program did not answer");
  return result;
}

/* ask_anyone asks the daemon, in the protocol's own words if it does not know
 * goldap's, and then this file's own program, as far as the mode allows. */
static enum ask_result ask_anyone(const struct call *call,
                                  const struct question *question,
                                  struct answer *answer) {
  wire_time start = wire_now();
  enum ask_result result = ASK_UNAVAILABLE;
  struct failure failure = {0};

  if (call->options.mode != MODE_DIRECT) {
    result = ask_daemon(call, question, start, answer, &failure);
    if (failure.refused && question->plain != NULL)
      result = ask_daemon(call, question->plain, start, answer, &failure);
  }
  if (result == ASK_UNAVAILABLE && call->options.mode != MODE_DAEMON &&
      !(question->once && failure.sent))
    result = ask_own_program(call, question, start + TOTAL, answer);
  return result;
}

/* ask gets question answered and wipes it. */
static enum ask_result ask(const struct call *call, struct question *question,
                           struct answer *answer) {
  enum ask_result result = ASK_UNAVAILABLE;

  *answer =
      (struct answer){.code = PAM_SYSTEM_ERR, .authorization = PAM_SYSTEM_ERR};
  if (question->request.failed)
    goldap_log(call, LOG_ERR, "the request does not fit the protocol");
  else
    result = ask_anyone(call, question, answer);
  wire_free_request(&question->request);
  return result;
}

static void begin_question(struct question *question, int32_t action,
                           read_result read) {
  *question = (struct question){.action = action, .read = read};
  wire_put_int32(&question->request, WIRE_VERSION);
  wire_put_int32(&question->request, action);
}

static void put_login(struct question *question, const struct call *call,
                      const char *user) {
  struct wire_request *request = &question->request;

  wire_put_string(request, user, WIRE_NAME_MAX);
  wire_put_string(request, call->service, WIRE_NAME_MAX);
  wire_put_string(request, call->ruser, WIRE_NAME_MAX);
  wire_put_string(request, call->rhost, WIRE_NAME_MAX);
  wire_put_string(request, call->tty, WIRE_NAME_MAX);
}

/* ask_goldap asks what goldap has an action of its own for, and, of a daemon
 * that does not know it, the plain question. */
static enum ask_result ask_goldap(const struct call *call,
                                  struct question *question,
                                  struct question *plain,
                                  struct answer *answer) {
  enum ask_result result;

  question->plain = plain;
  result = ask(call, question, answer);
  wire_free_request(&plain->request);
  return result;
}

enum ask_result goldap_authenticate(const struct call *call,
                                    bool as_administrator, const char *password,
                                    struct answer *answer) {
  struct question plain, question;

  begin_question(&plain, WIRE_PAM_AUTHC, read_authenticated);
  put_login(&plain, call, as_administrator ? "" : call->user);
  wire_put_string(&plain.request, password, WIRE_PASSWORD_MAX);
  begin_question(&question, WIRE_LOGIN, read_login);
  wire_put_int32(&question.request, BUDGET);
  wire_put_int32(&question.request, as_administrator);
  put_login(&question, call, call->user);
  wire_put_string(&question.request, password, WIRE_PASSWORD_MAX);
  return ask_goldap(call, &question, &plain, answer);
}

enum ask_result goldap_authorize(const struct call *call,
                                 struct answer *answer) {
  struct question plain, question;

  begin_question(&plain, WIRE_PAM_AUTHZ, read_verdict);
  put_login(&plain, call, call->user);
  begin_question(&question, WIRE_ADMIT, read_admitted);
  wire_put_int32(&question.request, BUDGET);
  put_login(&question, call, call->user);
  return ask_goldap(call, &question, &plain, answer);
}

/* ask_briefly asks the daemon and nobody else, and is not interested in why
 * there is no answer. */
static enum ask_result ask_briefly(const struct call *call,
                                   const struct question *question,
                                   struct answer *answer) {
  wire_time deadline = wire_now() + SESSION;
  struct failure failure = {0};
  enum ask_result result;
  int fd = wire_connect(call->options.socket, deadline);

  if (fd < 0)
    return ASK_UNAVAILABLE;
  result = exchange(fd, question, deadline, deadline, answer, &failure);
  close(fd);
  return result;
}

static bool note_session(const struct call *call, struct question *question,
                         struct answer *answer) {
  enum ask_result result = ASK_UNAVAILABLE;

  if (!question->request.failed && call->options.mode != MODE_DIRECT)
    result = ask_briefly(call, question, answer);
  wire_free_request(&question->request);
  return result == ASK_ANSWERED;
}

bool goldap_note_opened(const struct call *call, char id[WIRE_NAME_MAX + 1]) {
  struct question question;
  struct answer answer = {0};

  begin_question(&question, WIRE_PAM_SESS_O, read_session_id);
  put_login(&question, call, call->user);
  if (!note_session(call, &question, &answer))
    return false;
  memcpy(id, answer.user, sizeof answer.user);
  return true;
}

bool goldap_note_closed(const struct call *call, const char *id) {
  struct question question;
  struct answer answer = {0};

  begin_question(&question, WIRE_PAM_SESS_C, read_nothing);
  put_login(&question, call, call->user);
  wire_put_string(&question.request, id, WIRE_NAME_MAX);
  return note_session(call, &question, &answer);
}

enum ask_result goldap_change_password(const struct call *call,
                                       bool as_administrator, const char *old,
                                       const char *new, struct answer *answer) {
  struct question question;

  begin_question(&question, WIRE_PAM_PWMOD, read_verdict);
  put_login(&question, call, call->user);
  wire_put_int32(&question.request, as_administrator);
  wire_put_string(&question.request, old, WIRE_PASSWORD_MAX);
  wire_put_string(&question.request, new, WIRE_PASSWORD_MAX);
  question.once = true;
  return ask(call, &question, answer);
}

enum ask_result goldap_prohibition(const struct call *call,
                                   struct answer *answer) {
  struct question question;

  begin_question(&question, WIRE_CONFIG_GET, read_message);
  wire_put_int32(&question.request, WIRE_CONFIG_PROHIBIT_MESSAGE);
  return ask(call, &question, answer);
}
