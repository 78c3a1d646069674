/*
 * login.c measures logins through the real libpam, as an application does
 * them, and the loading of a module. It prints one number a line, for the
 * runner to judge.
 *
 *   login latency CONFDIR SERVICE COUNT FIRST USERS
 *       microseconds of each login, of USERS users from number FIRST in turn
 *   login rate CONFDIR SERVICE THREADS SECONDS USERS
 *       logins in a second, of USERS users, all threads together
 *   login load MODULE COUNT
 *       microseconds of each dlopen in a process of its own, then the largest
 *       number of threads seen after one
 *
 * A login is pam_start, pam_authenticate, pam_acct_mgmt and pam_end, of the
 * plain users of package slapd. A login that fails ends everything with
 * status 1.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { USERS = 10000, MAX_THREADS = 256 };

/* stack is the service to log in through and the directory of its file. */
struct stack {
  const char *confdir, *service;
};

struct worker {
  pthread_t thread;
  struct stack stack;
  unsigned first, users;
  double until;
  unsigned long logins;
};

static double now(void) {
  struct timespec t;

  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* answer replies to each prompt with the password that data points at. */
static int answer(int count, const struct pam_message **messages,
                  struct pam_response **replies, void *data) {
  struct pam_response *all = calloc((size_t)count, sizeof(*all));

  if (all == NULL)
    return PAM_BUF_ERR;
  for (int i = 0; i < count; i++)
    if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF)
      all[i].resp = strdup(data);
  *replies = all;
  return PAM_SUCCESS;
}

/* fail ends the program for a login that did not go through. */
static void fail(const char *what, const char *user, pam_handle_t *pamh,
                 int status) {
  fprintf(stderr, "login: %s of %s: %s\n", what, user,
          pam_strerror(pamh, status));
  exit(1);
}

static void log_in(struct stack stack, unsigned number) {
  char user[32], password[32];
  struct pam_conv conversation = {answer, password};
  pam_handle_t *pamh = NULL;
  int status;

  snprintf(user, sizeof(user), "user%05u", number % USERS);
  snprintf(password, sizeof(password), "Plain-secret-%05u", number % USERS);
  status = pam_start_confdir(stack.service, user, &conversation, stack.confdir,
                             &pamh);
  if (status != PAM_SUCCESS)
    fail("pam_start", user, pamh, status);
  status = pam_authenticate(pamh, 0);
  if (status != PAM_SUCCESS)
    fail("pam_authenticate", user, pamh, status);
  status = pam_acct_mgmt(pamh, 0);
  if (status != PAM_SUCCESS)
    fail("pam_acct_mgmt", user, pamh, status);
  pam_end(pamh, status);
}

static void latency(struct stack stack, unsigned count, unsigned first,
                    unsigned users) {
  for (unsigned i = 0; i < count; i++) {
    double started = now();

    log_in(stack, first + i % users);
    printf("%.1f\n", (now() - started) * 1e6);
  }
}

static void *work(void *argument) {
  struct worker *self = argument;

  for (unsigned i = self->first; now() < self->until; i++) {
    log_in(self->stack, i % self->users);
    self->logins++;
  }
  return NULL;
}

static void rate(struct stack stack, unsigned threads, double seconds,
                 unsigned users) {
  static struct worker workers[MAX_THREADS];
  double started = now();
  unsigned long logins = 0;

  if (threads > MAX_THREADS)
    threads = MAX_THREADS;
  for (unsigned i = 0; i < threads; i++) {
    workers[i] = (struct worker){.stack = stack,
                                 .first = i * 7,
                                 .users = users,
                                 .until = started + seconds};
    if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
      perror("login: pthread_create");
      exit(1);
    }
  }
  for (unsigned i = 0; i < threads; i++) {
    pthread_join(workers[i].thread, NULL);
    logins += workers[i].logins;
  }
  printf("%.1f\n", (double)logins / (now() - started));
}

/* threads returns the number of threads of this process, 0 if unknown. */
static int threads_now(void) {
  char line[256];
  int threads = 0;
  FILE *status = fopen("/proc/self/status", "re");

  if (status == NULL)
    return 0;
  while (fgets(line, sizeof(line), status) != NULL)
    if (sscanf(line, "Threads: %d", &threads) == 1)
      break;
  fclose(status);
  return threads;
}

/* load_once loads the module, prints the time and exits with the threads. */
static void load_once(const char *module) {
  double started = now(), took;
  void *handle = dlopen(module, RTLD_NOW);

  took = now() - started;
  if (handle == NULL) {
    fprintf(stderr, "login: %s\n", dlerror());
    _exit(0);
  }
  printf("%.1f\n", took * 1e6);
  fflush(stdout);
  _exit(threads_now());
}

static void load(const char *module, unsigned count) {
  int most = 0;

  for (unsigned i = 0; i < count; i++) {
    int status = 0;
    pid_t child = fork();

    if (child == 0)
      load_once(module);
    if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status) ||
        WEXITSTATUS(status) == 0) {
      fprintf(stderr, "login: %s was not loaded\n", module);
      exit(1);
    }
    if (WEXITSTATUS(status) > most)
      most = WEXITSTATUS(status);
  }
  printf("%d\n", most);
}

static unsigned number(const char *text) {
  int n = atoi(text);

  return n > 0 ? (unsigned)n : 0;
}

int main(int argc, char **argv) {
  if (argc == 7 && strcmp(argv[1], "latency") == 0) {
    latency((struct stack){argv[2], argv[3]}, number(argv[4]), number(argv[5]),
            number(argv[6]));
  } else if (argc == 7 && strcmp(argv[1], "rate") == 0) {
    rate((struct stack){argv[2], argv[3]}, number(argv[4]), atof(argv[5]),
         number(argv[6]));
  } else if (argc == 4 && strcmp(argv[1], "load") == 0) {
    load(argv[2], (unsigned)atoi(argv[3]));
  } else {
    fprintf(stderr, "usage: login latency CONFDIR SERVICE COUNT FIRST USERS\n"
                    "       login rate CONFDIR SERVICE THREADS SECONDS USERS\n"
                    "       login load MODULE COUNT\n");
    return 2;
  }
  return 0;
}
