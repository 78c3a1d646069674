#define _GNU_SOURCE
#include "thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool has_key;

static void free_thread(void *data) {
  struct thread *thread = data;

  goldap_release(&thread->kept.lookup);
  for (int map = 0; map < MAPS; map++)
    goldap_release(&thread->streams[map].lookup);
  free(thread);
}

static void make_key(void) {
  has_key = pthread_key_create(&key, free_thread) == 0;
}

static void forget(struct kept *kept) {
  goldap_release(&kept->lookup);
  kept->is = false;
}

/* leave_parent is for a forked child. */
static void leave_parent(struct thread *thread) {
  forget(&thread->kept);
  for (int map = 0; map < MAPS; map++)
    if (thread->streams[map].state == STREAM_OPEN)
      goldap_finish(&thread->streams[map], NSS_STATUS_UNAVAIL);
  thread->process = getpid();
}

struct thread *goldap_thread(void) {
  struct thread *thread;

  if (pthread_once(&once, make_key) != 0 || !has_key)
    return NULL;
  thread = pthread_getspecific(key);
  if (thread != NULL && thread->process != getpid())
    leave_parent(thread);
  return thread;
}

struct thread *goldap_thread_here(void) {
  struct thread *thread = goldap_thread();

  if (thread != NULL || !has_key)
    return thread;
  thread = malloc(sizeof *thread);
  if (thread == NULL)
    return NULL;
  *thread = (struct thread){.process = getpid(), .kept.lookup.fd = -1};
  for (int map = 0; map < MAPS; map++)
    thread->streams[map].lookup.fd = -1;
  if (pthread_setspecific(key, thread) == 0)
    return thread;
  free(thread);
  return NULL;
}

/* is_shadow is for answers that are not kept, not even for a second. */
static bool is_shadow(const struct wire_request *request) {
  return request->data[5] == ACTION_SHADOW_BYNAME >> 16;
}

void goldap_keep(struct lookup *lookup) {
  struct thread *thread =
      is_shadow(&lookup->request) ? NULL : goldap_thread_here();
  struct kept *kept;

  if (thread == NULL)
    return;
  kept = &thread->kept;
  forget(kept);
  kept->is = true;
  kept->caller = geteuid();
  kept->lookup = (struct lookup){.fd = -1,
                                 .request = lookup->request,
                                 .data = lookup->data,
                                 .length = lookup->length,
                                 .capacity = lookup->capacity,
                                 .entry = lookup->entry};
  kept->lookup.kept_until =
      lookup->kept_until != 0 ? lookup->kept_until : wire_now() + KEPT_TIME;
  lookup->request = (struct wire_request){0};
  lookup->data = NULL;
}

static bool same_question(const struct kept *kept,
                          const struct lookup *lookup) {
  const struct wire_request *before = &kept->lookup.request;
  const struct wire_request *now = &lookup->request;

  return before->length == now->length &&
         memcmp(before->data, now->data, now->length) == 0 &&
         kept->caller == geteuid() && wire_now() < kept->lookup.kept_until;
}

bool goldap_recall(struct lookup *lookup) {
  struct thread *thread = goldap_thread();
  struct kept *kept;

  if (thread == NULL || !thread->kept.is)
    return false;
  kept = &thread->kept;
  if (!same_question(kept, lookup)) {
    forget(kept);
    return false;
  }
  lookup->connected = lookup->found = true;
  lookup->kept_until = kept->lookup.kept_until;
  lookup->data = kept->lookup.data;
  lookup->length = kept->lookup.length;
  lookup->capacity = kept->lookup.capacity;
  lookup->entry = lookup->position = kept->lookup.entry;
  kept->lookup.data = NULL;
  forget(kept);
  return true;
}
