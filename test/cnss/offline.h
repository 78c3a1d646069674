/*
 * offline.h - the name-service module without a daemon
 *
 * The module's C files are compiled as they are. The linker puts another
 * function in the place of wire_connect (--wrap), which gives them a socket in
 * which the answer waits already. malloc can be made to fail.
 */
#ifndef GOLDAP_NSS_OFFLINE_H
#define GOLDAP_NSS_OFFLINE_H

#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <shadow.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FRAME_BYTES = 16 * 1024, GIDS = 64 };

struct frame {
  unsigned char data[FRAME_BYTES];
  size_t length;
};

/* What a lookup is given and what it leaves behind. */
struct outcome {
  enum nss_status status;
  int error, saved; /* *errnop; errno */
  bool connected;   /* the module has asked, and closed */
  struct frame sent;
  union {
    struct passwd passwd;
    struct group group;
    struct spwd shadow;
  } entry;
  gid_t gids[GIDS]; /* initgroups: from the second on; the first was there */
  long count;
};

/* Offers the first length bytes of response, calls the function that asks
 * request, and collects what became of it. Makes the nth allocation fail if
 * nth is not 0. Returns false if no function asks that. */
bool look_up(const struct frame *request, const struct frame *response,
             size_t length, char *buffer, size_t size, int nth,
             struct outcome *outcome);

/* The word at an offset of a frame; 0 if it is not there. */
uint32_t word_at(const struct frame *frame, size_t offset);

#endif
