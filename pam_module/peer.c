#define _GNU_SOURCE
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "module.h"

/* What everybody is called who has no uid in this program's user namespace
 * (user_namespaces(7)). Nothing can be known about them. */
enum { UNMAPPED = 65534 };

/* parent cuts the last part off path. It returns false at the root. */
static bool parent(char *path) {
  char *slash = strrchr(path, '/');

  if (slash == NULL || strcmp(path, "/") == 0)
    return false;
  slash[slash == path ? 1 : 0] = '\0';
  return true;
}

static bool only_owner_writes(const char *path, uid_t *owner) {
  struct stat st;

  if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode) ||
      (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return false;
  *owner = st.st_uid;
  return true;
}

/* directory_owner finds to whom root has given the directory of the socket:
 * every directory above it must be root's alone, links on the way followed. No
 * name is resolved, so the name service is never asked. */
static bool directory_owner(const char *socket_path, uid_t *owner) {
  char path[PATH_MAX];
  uid_t above;

  if (realpath(socket_path, path) == NULL || !parent(path) ||
      !only_owner_writes(path, owner))
    return false;
  while (parent(path))
    if (!only_owner_writes(path, &above) || above != 0)
      return false;
  return true;
}

bool goldap_trusts_peer(int fd, const char *path) {
  struct ucred peer;
  socklen_t length = sizeof peer;
  uid_t owner;

  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 ||
      length != sizeof peer)
    return false;
  if (peer.uid == 0)
    return true;
  if (peer.uid == UNMAPPED)
    return false;
  if (peer.uid == geteuid() && getuid() == geteuid())
    return true;
  return directory_owner(path, &owner) && owner == peer.uid;
}
