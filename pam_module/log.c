#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "module.h"

enum { LINE_MAX_BYTES = 1024 };

/* syslog(3) would keep a descriptor open in the program, and closelog(3)
 * would close the program's own: send the datagram by hand (RFC 3164, as
 * syslog(3) writes it for the local socket). */
static void send_line(const char *line, size_t length) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  fd = wire_lift_fd(fd);
  if (fd < 0)
    return;
  (void)sendto(fd, line, length, MSG_NOSIGNAL,
               (const struct sockaddr *)&address, sizeof address);
  close(fd);
}

/* blank replaces control characters, so that a user name cannot fake a line. */
static void blank(char *text) {
  for (; *text != '\0'; text++)
    if ((unsigned char)*text < ' ' || *text == 0x7f)
      *text = '?';
}

static void log_line(const struct call *call, int priority, const char *format,
                     va_list args) {
  char line[LINE_MAX_BYTES];
  int head, rest;

  head = snprintf(line, sizeof line,
                  "<%d>pam_goldap(%s:%s)[%d]: ", LOG_AUTHPRIV | priority,
                  call->service != NULL ? call->service : "?", call->operation,
                  (int)getpid());
  if (head < 0 || (size_t)head >= sizeof line)
    return;
  rest = vsnprintf(line + head, sizeof line - (size_t)head, format, args);
  if (rest < 0)
    return;
  blank(line);
  send_line(line, strlen(line));
}

void goldap_log(const struct call *call, int priority, const char *format,
                ...) {
  int error = errno;
  va_list args;

  va_start(args, format);
  log_line(call, priority, format, args);
  va_end(args);
  errno = error;
}

void goldap_debug(const struct call *call, const char *format, ...) {
  int error = errno;
  va_list args;

  if (!call->options.debug)
    return;
  va_start(args, format);
  log_line(call, LOG_DEBUG, format, args);
  va_end(args);
  errno = error;
}
