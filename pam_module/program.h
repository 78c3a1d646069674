/*
 * program.h - pam_goldap.so as a program
 *
 * Usage, by goldap_spawn alone: pam_goldap MILLISECONDS CONFIG, with one end
 * of a socket pair as descriptor 3. It answers one request there and exits.
 * CONFIG "" means the usual search order.
 */
#ifndef GOLDAP_PROGRAM_H
#define GOLDAP_PROGRAM_H

enum { PROGRAM_FD = 3 };

#endif
