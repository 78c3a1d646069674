#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "common.h"

/* What a member of a netgroup is. */
enum { MEMBER_NETGROUP = 1, MEMBER_TRIPLE = 2, MEMBER_END = 3 };

struct member {
  int32_t kind;
  struct text texts[3]; /* host, user and domain, or a netgroup's name */
  size_t size;          /* what they need */
};

/* read_member is false, too, if the kind is none of the three. */
static bool read_member(struct lookup *lookup, struct member *member) {
  int texts;

  *member = (struct member){0};
  if (!goldap_read_int32(lookup, &member->kind) ||
      member->kind < MEMBER_NETGROUP || member->kind > MEMBER_END)
    return false;
  texts = member->kind == MEMBER_TRIPLE     ? 3
          : member->kind == MEMBER_NETGROUP ? 1
                                            : 0;
  for (int i = 0; i < texts; i++) {
    if (!goldap_read_text(lookup, &member->texts[i]))
      return false;
    member->size += member->texts[i].length + 1;
  }
  return true;
}

/* keep_members lets the C library hold the members until endnetgrent, as they
 * came. glibc calls the functions with nested netgroups in between, which is
 * why nothing of them belongs to the thread. */
static enum nss_status keep_members(struct lookup *lookup, void *data,
                                    struct place place) {
  struct __netgrent *result = data;
  struct member member;
  struct text name;
  size_t start, size;
  char *copy;

  (void)place;
  if (!goldap_read_name(lookup, &name))
    return NSS_STATUS_UNAVAIL;
  start = lookup->position - lookup->entry;
  do
    if (!read_member(lookup, &member))
      return NSS_STATUS_UNAVAIL;
  while (member.kind != MEMBER_END);
  size = lookup->position - lookup->entry - start;
  copy = malloc(size);
  if (copy == NULL)
    return NSS_STATUS_UNAVAIL;
  memcpy(copy, lookup->data + lookup->entry + start, size);
  result->data = copy;
  result->data_size = size;
  result->position = 0;
  return NSS_STATUS_SUCCESS;
}

enum nss_status NSS(setnetgrent)(const char *name, struct __netgrent *result) {
  struct lookup lookup;
  int error;

  goldap_begin(&lookup, ACTION_NETGROUP_BYNAME);
  goldap_put_name(&lookup, name);
  return goldap_find(&lookup, keep_members, result,
                     (struct reply){.errnop = &error});
}

/* part is NULL, which is anything, if there is nothing in it. */
static const char *part(const struct lookup *lookup, struct text text,
                        struct place *place) {
  const char *copy = goldap_pack(lookup, text, place);

  return text.length != 0 ? copy : NULL;
}

static void pack(const struct lookup *lookup, const struct member *member,
                 struct __netgrent *result, struct place place) {
  const struct text *texts = member->texts;

  if (member->kind == MEMBER_NETGROUP) {
    result->type = group_val;
    result->val.group = goldap_pack(lookup, texts[0], &place);
    return;
  }
  result->type = triple_val;
  result->val.triple.host = part(lookup, texts[0], &place);
  result->val.triple.user = part(lookup, texts[1], &place);
  result->val.triple.domain = part(lookup, texts[2], &place);
}

/* RETURN is the C library's word for the end of a netgroup. */
enum nss_status NSS(getnetgrent_r)(struct __netgrent *result, char *buffer,
                                   size_t size, int *errnop) {
  struct lookup lookup = {.fd = -1,
                          .connected = true,
                          .data = (unsigned char *)result->data,
                          .length = result->data_size,
                          .capacity = result->data_size,
                          .position = result->position};
  struct reply reply = {{buffer, size}, errnop, NULL};
  struct member member;
  enum nss_status status = NSS_STATUS_SUCCESS;

  if (result->data == NULL || !read_member(&lookup, &member))
    status = NSS_STATUS_UNAVAIL;
  else if (member.kind == MEMBER_END)
    return NSS_STATUS_RETURN;
  else if (member.size > size)
    status = NSS_STATUS_TRYAGAIN;
  goldap_set_errors(&lookup, status, reply);
  if (status != NSS_STATUS_SUCCESS)
    return status;
  pack(&lookup, &member, result, reply.place);
  result->position = lookup.position;
  return status;
}

enum nss_status NSS(endnetgrent)(struct __netgrent *result) {
  free(result->data);
  result->data = NULL;
  result->data_size = 0;
  result->position = 0;
  return NSS_STATUS_SUCCESS;
}
