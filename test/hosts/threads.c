#define _GNU_SOURCE
#include <pthread.h>

#include "host.h"

struct worker {
  pthread_t thread;
  const struct plan *plan;
  int number;
  struct tally tally;
};

static struct worker workers[MAX_THREADS];
static pthread_barrier_t finished, released;
static bool held;

static void *work(void *data) {
  struct worker *worker = data;
  const struct plan *plan = worker->plan;

  for (int i = 0; i < plan->cycles; i++) {
    if (plan->threads == 1 || worker->number % 2 == 0)
      log_in(plan, true, &worker->tally);
    if (plan->threads == 1 || worker->number % 2 == 1)
      log_in(plan, false, &worker->tally);
  }
  if (held) {
    pthread_barrier_wait(&finished);
    pthread_barrier_wait(&released);
  }
  return NULL;
}

static void start_threads(const struct plan *plan) {
  for (int i = 0; i < plan->threads; i++) {
    workers[i] = (struct worker){.plan = plan, .number = i};
    if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
      fail("pthread_create");
  }
}

static void join_threads(int threads) {
  for (int i = 0; i < threads; i++)
    if (pthread_join(workers[i].thread, NULL) != 0)
      fail("pthread_join");
}

static void add_tallies(int threads, struct tally *tally) {
  for (int i = 0; i < threads; i++) {
    for (int code = 0; code < _PAM_RETURN_VALUES; code++) {
      tally->right[code] += workers[i].tally.right[code];
      tally->wrong[code] += workers[i].tally.wrong[code];
    }
    if (workers[i].tally.slowest > tally->slowest)
      tally->slowest = workers[i].tally.slowest;
    tally->mask_changed |= workers[i].tally.mask_changed;
  }
}

void log_in_threads(const struct plan *plan, struct tally *tally) {
  held = false;
  start_threads(plan);
  join_threads(plan->threads);
  add_tallies(plan->threads, tally);
}

void log_in_and_hold_threads(const struct plan *plan, struct tally *tally) {
  unsigned parties = (unsigned)plan->threads + 1;

  held = true;
  if (pthread_barrier_init(&finished, NULL, parties) != 0 ||
      pthread_barrier_init(&released, NULL, parties) != 0)
    fail("pthread_barrier_init");
  start_threads(plan);
  pthread_barrier_wait(&finished);
  add_tallies(plan->threads, tally);
}

void release_threads(void) {
  int threads = workers[0].plan->threads;

  pthread_barrier_wait(&released);
  join_threads(threads);
}
