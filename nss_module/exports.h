/*
 * exports.h - what the C library calls in the name-service module
 *
 * glibc finds these functions by name (nsswitch.conf(5)). It declares none of
 * them; these are the shapes of its own nss_files.
 *
 * The same sources make two libraries: libnss_goldap.so.2 for "passwd: files
 * goldap", and libnss_ldap.so.2 for machines whose nsswitch.conf says ldap
 * already (the Makefile sets GOLDAP_NSS_PREFIX).
 */
#ifndef GOLDAP_NSS_EXPORTS_H
#define GOLDAP_NSS_EXPORTS_H

#include <aliases.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/ether.h>
#include <nss.h>
#include <pwd.h>
#include <shadow.h>
#include <stdint.h>

#ifndef GOLDAP_NSS_PREFIX
#define GOLDAP_NSS_PREFIX _nss_goldap_
#endif

#define NSS_JOIN(prefix, name) prefix##name
#define NSS_NAME(prefix, name) NSS_JOIN(prefix, name)
#define NSS(name) NSS_NAME(GOLDAP_NSS_PREFIX, name)

/* A daemon that loads this file, as nslcd loads libnss_ldap.so.2, clears the
 * first so that it never asks itself: no function connects to anything then. */
extern int NSS(enablelookups);
/* The product, the module's interface, and the protocol. */
extern const char *const NSS(version)[3];

/* Two structures that glibc has, but in no header that it installs. */
struct etherent {
  const char *e_name;
  struct ether_addr e_addr;
};

struct __netgrent {
  enum { triple_val, group_val } type;
  union {
    struct {
      const char *host, *user, *domain;
    } triple;
    const char *group;
  } val;
  /* For the module: what it keeps between the calls. */
  char *data;
  size_t data_size;
  union {
    char *cursor;
    unsigned long position;
  };
  int first;
  /* glibc's own. */
  void *known_groups, *needed_groups, *nip;
};

enum nss_status NSS(getaliasbyname_r)(const char *name, struct aliasent *result,
                                      char *buffer, size_t size, int *errnop);
enum nss_status NSS(setaliasent)(void);
enum nss_status NSS(getaliasent_r)(struct aliasent *result, char *buffer,
                                   size_t size, int *errnop);
enum nss_status NSS(endaliasent)(void);

enum nss_status NSS(gethostton_r)(const char *name, struct etherent *result,
                                  char *buffer, size_t size, int *errnop);
enum nss_status NSS(getntohost_r)(const struct ether_addr *address,
                                  struct etherent *result, char *buffer,
                                  size_t size, int *errnop);
enum nss_status NSS(setetherent)(int stayopen);
enum nss_status NSS(getetherent_r)(struct etherent *result, char *buffer,
                                   size_t size, int *errnop);
enum nss_status NSS(endetherent)(void);

enum nss_status NSS(getgrnam_r)(const char *name, struct group *result,
                                char *buffer, size_t size, int *errnop);
enum nss_status NSS(getgrgid_r)(gid_t gid, struct group *result, char *buffer,
                                size_t size, int *errnop);
enum nss_status NSS(initgroups_dyn)(const char *user, gid_t skip, long *start,
                                    long *size, gid_t **groups, long limit,
                                    int *errnop);
enum nss_status NSS(setgrent)(int stayopen);
enum nss_status NSS(getgrent_r)(struct group *result, char *buffer, size_t size,
                                int *errnop);
enum nss_status NSS(endgrent)(void);

enum nss_status NSS(gethostbyname_r)(const char *name, struct hostent *result,
                                     char *buffer, size_t size, int *errnop,
                                     int *h_errnop);
enum nss_status NSS(gethostbyname2_r)(const char *name, int family,
                                      struct hostent *result, char *buffer,
                                      size_t size, int *errnop, int *h_errnop);
/* The next two are for getaddrinfo: with the canonical name, and both families
 * at once. */
enum nss_status NSS(gethostbyname3_r)(const char *name, int family,
                                      struct hostent *result, char *buffer,
                                      size_t size, int *errnop, int *h_errnop,
                                      int32_t *ttl, char **canonical);
enum nss_status NSS(gethostbyname4_r)(const char *name,
                                      struct gaih_addrtuple **result,
                                      char *buffer, size_t size, int *errnop,
                                      int *h_errnop, int32_t *ttl);
enum nss_status NSS(gethostbyaddr_r)(const void *address, socklen_t length,
                                     int family, struct hostent *result,
                                     char *buffer, size_t size, int *errnop,
                                     int *h_errnop);
enum nss_status NSS(sethostent)(int stayopen);
enum nss_status NSS(gethostent_r)(struct hostent *result, char *buffer,
                                  size_t size, int *errnop, int *h_errnop);
enum nss_status NSS(endhostent)(void);

enum nss_status NSS(setnetgrent)(const char *name, struct __netgrent *result);
enum nss_status NSS(getnetgrent_r)(struct __netgrent *result, char *buffer,
                                   size_t size, int *errnop);
enum nss_status NSS(endnetgrent)(struct __netgrent *result);

enum nss_status NSS(getnetbyname_r)(const char *name, struct netent *result,
                                    char *buffer, size_t size, int *errnop,
                                    int *h_errnop);
enum nss_status NSS(getnetbyaddr_r)(uint32_t network, int family,
                                    struct netent *result, char *buffer,
                                    size_t size, int *errnop, int *h_errnop);
enum nss_status NSS(setnetent)(int stayopen);
enum nss_status NSS(getnetent_r)(struct netent *result, char *buffer,
                                 size_t size, int *errnop, int *h_errnop);
enum nss_status NSS(endnetent)(void);

enum nss_status NSS(getpwnam_r)(const char *name, struct passwd *result,
                                char *buffer, size_t size, int *errnop);
enum nss_status NSS(getpwuid_r)(uid_t uid, struct passwd *result, char *buffer,
                                size_t size, int *errnop);
enum nss_status NSS(setpwent)(int stayopen);
enum nss_status NSS(getpwent_r)(struct passwd *result, char *buffer,
                                size_t size, int *errnop);
enum nss_status NSS(endpwent)(void);

enum nss_status NSS(getprotobyname_r)(const char *name, struct protoent *result,
                                      char *buffer, size_t size, int *errnop);
enum nss_status NSS(getprotobynumber_r)(int number, struct protoent *result,
                                        char *buffer, size_t size, int *errnop);
enum nss_status NSS(setprotoent)(int stayopen);
enum nss_status NSS(getprotoent_r)(struct protoent *result, char *buffer,
                                   size_t size, int *errnop);
enum nss_status NSS(endprotoent)(void);

enum nss_status NSS(getrpcbyname_r)(const char *name, struct rpcent *result,
                                    char *buffer, size_t size, int *errnop);
enum nss_status NSS(getrpcbynumber_r)(int number, struct rpcent *result,
                                      char *buffer, size_t size, int *errnop);
enum nss_status NSS(setrpcent)(int stayopen);
enum nss_status NSS(getrpcent_r)(struct rpcent *result, char *buffer,
                                 size_t size, int *errnop);
enum nss_status NSS(endrpcent)(void);

/* A protocol of NULL is any. The port is in network order. */
enum nss_status NSS(getservbyname_r)(const char *name, const char *protocol,
                                     struct servent *result, char *buffer,
                                     size_t size, int *errnop);
enum nss_status NSS(getservbyport_r)(int port, const char *protocol,
                                     struct servent *result, char *buffer,
                                     size_t size, int *errnop);
enum nss_status NSS(setservent)(int stayopen);
enum nss_status NSS(getservent_r)(struct servent *result, char *buffer,
                                  size_t size, int *errnop);
enum nss_status NSS(endservent)(void);

enum nss_status NSS(getspnam_r)(const char *name, struct spwd *result,
                                char *buffer, size_t size, int *errnop);
enum nss_status NSS(setspent)(int stayopen);
enum nss_status NSS(getspent_r)(struct spwd *result, char *buffer, size_t size,
                                int *errnop);
enum nss_status NSS(endspent)(void);

#endif
