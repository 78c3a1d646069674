#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common.h"
#include "thread.h"

#ifndef GOLDAP_SOCKET
#define GOLDAP_SOCKET "/run/goldap/socket"
#endif

/* Who the daemon runs as where systemd starts it, and that user's group. */
#ifndef GOLDAP_USER
#define GOLDAP_USER "goldap"
#endif

/* What everybody is called who has no uid in this program's user namespace
 * (user_namespaces(7)). */
enum { UNMAPPED = 65534 };

int NSS(enablelookups) = 1;
const char *const NSS(version)[3] = {"goldap", "name service",
                                     "nslcd protocol 2"};

struct calm goldap_enter(void) {
  struct calm calm = {.error = errno};

  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &calm.cancelling);
  return calm;
}

void goldap_leave(struct calm calm) {
  pthread_setcancelstate(calm.cancelling, NULL);
  errno = calm.error;
}

/* owner is the uid that a file belongs to, or -1, which is nobody's. */
static uid_t owner(const char *path) {
  struct stat st;

  return stat(path, &st) == 0 ? st.st_uid : (uid_t)-1;
}

/* is_daemon is whether this program runs as the daemon's user: that is who owns
 * the socket. If it was made by root, for a daemon that systemd starts, it is
 * who owns the directory that root made for it. */
static bool is_daemon(void) {
  static const char path[] = GOLDAP_SOCKET;
  char directory[sizeof path];
  uid_t user = geteuid(), socket_owner;
  char *slash;

  if (user == 0 || user == UNMAPPED)
    return false;
  socket_owner = owner(path);
  if (socket_owner != 0)
    return socket_owner == user;
  memcpy(directory, path, sizeof path);
  slash = strrchr(directory, '/');
  if (slash == NULL || slash == directory)
    return false;
  *slash = '\0';
  return owner(directory) == user;
}

void goldap_prepare(struct lookup *lookup, int32_t action) {
  *lookup = (struct lookup){.fd = -1, .status = NSS_STATUS_UNAVAIL};
  /* The daemon must not wait for its own answer. */
  if (!NSS(enablelookups) || is_daemon())
    return;
  lookup->status = NSS_STATUS_SUCCESS;
  lookup->deadline = wire_now() + LOOKUP_BUDGET;
  wire_put_int32(&lookup->request, WIRE_VERSION);
  wire_put_int32(&lookup->request, action);
}

void goldap_begin(struct lookup *lookup, int32_t action) {
  struct calm calm = goldap_enter();

  goldap_prepare(lookup, action);
  lookup->calm = calm;
}

void goldap_put_name(struct lookup *lookup, const char *name) {
  if (lookup->status != NSS_STATUS_SUCCESS)
    return;
  if (name == NULL || strnlen(name, WIRE_NAME_MAX + 1) > WIRE_NAME_MAX)
    lookup->status = NSS_STATUS_NOTFOUND; /* no entry has such a name */
  else
    wire_put_string(&lookup->request, name, WIRE_NAME_MAX);
}

/* Before systemd starts the daemon it looks up its user, and the groups that
 * the user is in. It would wait for the daemon. */
void goldap_put_account(struct lookup *lookup, const char *name) {
  if (lookup->status == NSS_STATUS_SUCCESS && name != NULL &&
      strcmp(name, GOLDAP_USER) == 0)
    lookup->status = NSS_STATUS_NOTFOUND;
  goldap_put_name(lookup, name);
}

void goldap_put_address(struct lookup *lookup, int family, const void *address,
                        size_t length) {
  wire_put_int32(&lookup->request, family);
  wire_put_int32(&lookup->request, (int32_t)length);
  wire_put_bytes(&lookup->request, address, length);
}

/* note_socket remembers what was connected, for goldap_still_connected. */
static bool note_socket(struct lookup *lookup) {
  struct stat st;

  if (fstat(lookup->fd, &st) != 0)
    return false;
  lookup->process = getpid();
  lookup->device = st.st_dev;
  lookup->inode = st.st_ino;
  return true;
}

bool goldap_still_connected(const struct lookup *lookup) {
  struct stat st;

  return fstat(lookup->fd, &st) == 0 && S_ISSOCK(st.st_mode) &&
         st.st_dev == lookup->device && st.st_ino == lookup->inode;
}

/* open_connection fails with TRYAGAIN if the daemon lives but had no room for
 * one more caller in all that time. */
static enum nss_status open_connection(struct lookup *lookup) {
  lookup->fd = wire_connect(GOLDAP_SOCKET, lookup->deadline);
  if (lookup->fd < 0)
    return errno == EAGAIN || errno == ETIMEDOUT ? NSS_STATUS_TRYAGAIN
                                                 : NSS_STATUS_UNAVAIL;
  lookup->connected = true;
  return !lookup->enumerating || note_socket(lookup) ? NSS_STATUS_SUCCESS
                                                     : NSS_STATUS_UNAVAIL;
}

/* read_head is true if what comes is an answer to the request, which begins
 * with the same two words. */
static bool read_head(struct lookup *lookup) {
  unsigned char head[8];

  return goldap_read_bytes(lookup, head, sizeof head) &&
         memcmp(head, lookup->request.data, sizeof head) == 0;
}

enum nss_status goldap_ask(struct lookup *lookup) {
  enum nss_status status = lookup->status;

  if (status != NSS_STATUS_SUCCESS)
    return status;
  if (lookup->request.failed)
    return NSS_STATUS_UNAVAIL;
  if (goldap_recall(lookup))
    return NSS_STATUS_SUCCESS;
  status = open_connection(lookup);
  if (status != NSS_STATUS_SUCCESS)
    return status;
  if (wire_send(lookup->fd, &lookup->request, lookup->deadline) != 0 ||
      !read_head(lookup))
    return NSS_STATUS_UNAVAIL;
  return goldap_first(lookup);
}

/* close_connection leaves alone what is not ours, and in a forked child the
 * connection that the parent goes on to use. */
static void close_connection(struct lookup *lookup) {
  if (lookup->fd < 0)
    return;
  if (!lookup->enumerating)
    close(lookup->fd);
  else if (goldap_still_connected(lookup)) {
    if (lookup->process == getpid())
      shutdown(lookup->fd, SHUT_RDWR); /* a child may have it open, too */
    close(lookup->fd);
  }
  lookup->fd = -1;
}

void goldap_release(struct lookup *lookup) {
  close_connection(lookup);
  wire_free_request(&lookup->request);
  if (lookup->data != NULL) {
    explicit_bzero(lookup->data, lookup->length);
    free(lookup->data);
  }
  lookup->data = NULL;
  lookup->length = lookup->capacity = lookup->entry = lookup->position = 0;
}

/* error_of_hosts is h_errno for a status, as netdb.h has it. */
static int error_of_hosts(const struct lookup *lookup, enum nss_status status) {
  switch (status) {
  case NSS_STATUS_TRYAGAIN:
    return lookup->connected ? NETDB_INTERNAL : TRY_AGAIN;
  case NSS_STATUS_NOTFOUND:
    return lookup->found && !lookup->enumerating ? NO_ADDRESS : HOST_NOT_FOUND;
  default:
    return lookup->connected ? NO_RECOVERY : HOST_NOT_FOUND;
  }
}

/* error_of is the errno that goes with a status. A buffer that is too small is
 * the only TRYAGAIN with a connection. */
static int error_of(const struct lookup *lookup, enum nss_status status) {
  if (status != NSS_STATUS_TRYAGAIN)
    return ENOENT;
  return lookup->connected ? ERANGE : EAGAIN;
}

void goldap_set_errors(const struct lookup *lookup, enum nss_status status,
                       struct reply reply) {
  if (status == NSS_STATUS_SUCCESS)
    return;
  *reply.errnop = error_of(lookup, status);
  if (reply.h_errnop != NULL)
    *reply.h_errnop = error_of_hosts(lookup, status);
}

enum nss_status goldap_end(struct lookup *lookup, enum nss_status status,
                           struct reply reply) {
  if (status == NSS_STATUS_TRYAGAIN && lookup->connected)
    goldap_keep(lookup);
  goldap_release(lookup);
  goldap_leave(lookup->calm);
  goldap_set_errors(lookup, status, reply);
  return status;
}

enum nss_status goldap_find(struct lookup *lookup, reader *read, void *result,
                            struct reply reply) {
  enum nss_status status = goldap_ask(lookup);

  if (status == NSS_STATUS_SUCCESS)
    status = read(lookup, result, reply.place);
  return goldap_end(lookup, status, reply);
}

enum nss_status goldap_no_family(struct reply reply) {
  *reply.errnop = EAFNOSUPPORT;
  *reply.h_errnop = NETDB_INTERNAL;
  return NSS_STATUS_UNAVAIL;
}
