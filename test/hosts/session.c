/*
 * session.c plays one scripted application through the real libpam, for tests
 * that run the module under sanitizers, as a setuid program or as another
 * user, where the test itself cannot load it.
 *
 *   session CONFDIR SERVICE USER [CALL[=FLAGS]...] [-- ANSWER...]
 *
 * CALL is one of authenticate, acct_mgmt, setcred, open_session,
 * close_session, chauthtok; all of them are made, one after the other. USER
 * and ANSWERs are hexadecimal, an empty USER stands for none at all. Prompts
 * get the ANSWERs in turn and then a conversation error; the ANSWER - is no
 * reply, and ! is PAM_CONV_AGAIN. What happens is told
 * on stdout, one line each:
 *
 *   say STYLE HEX     what the module said or asked
 *   code CODE         what a call returned
 *   delay             libpam was asked to wait after a failure, which it is not
 *                     left to do
 *   env HEX           a variable of the PAM environment, in the end
 *   user HEX          PAM_USER in the end
 */
#define _GNU_SOURCE
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char **answers, **answers_end;

__attribute__((noreturn)) static void fail(const char *what) {
  fprintf(stderr, "session: %s\n", what);
  exit(2);
}

static void print_hex(const char *text) {
  for (; *text != '\0'; text++)
    printf("%02x", (unsigned)(unsigned char)*text);
  putchar('\n');
}

static unsigned digit(char c) {
  const char *digits = "0123456789abcdef", *found = strchr(digits, c);

  if (c == '\0' || found == NULL)
    fail("not hexadecimal");
  return (unsigned)(found - digits);
}

/* decode returns the text that is written in hexadecimal, to be freed. */
static char *decode(const char *hex) {
  size_t length = strlen(hex) / 2;
  char *text = malloc(length + 1);

  if (text == NULL)
    fail("no memory");
  for (size_t i = 0; i < length; i++)
    text[i] = (char)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
  text[length] = '\0';
  return text;
}

static void free_replies(struct pam_response *replies, int count) {
  for (int i = 0; i < count; i++)
    free(replies[i].resp);
  free(replies);
}

static int converse(int count, const struct pam_message **messages,
                    struct pam_response **replies, void *data) {
  struct pam_response *all = calloc((size_t)count, sizeof *all);

  (void)data;
  if (all == NULL)
    return PAM_BUF_ERR;
  for (int i = 0; i < count; i++) {
    int style = messages[i]->msg_style;

    printf("say %d ", style);
    print_hex(messages[i]->msg);
    if (style != PAM_PROMPT_ECHO_OFF && style != PAM_PROMPT_ECHO_ON)
      continue;
    if (answers == answers_end) {
      free_replies(all, count);
      return PAM_CONV_ERR;
    }
    if (strcmp(*answers, "!") == 0) {
      answers++;
      free_replies(all, count);
      return PAM_CONV_AGAIN;
    }
    all[i].resp = strcmp(*answers, "-") == 0 ? NULL : decode(*answers);
    answers++;
  }
  *replies = all;
  return PAM_SUCCESS;
}

static const struct {
  const char *name;
  int (*function)(pam_handle_t *pamh, int flags);
} calls[] = {
    {"authenticate", pam_authenticate},
    {"acct_mgmt", pam_acct_mgmt},
    {"setcred", pam_setcred},
    {"open_session", pam_open_session},
    {"close_session", pam_close_session},
    {"chauthtok", pam_chauthtok},
};

static int make_call(pam_handle_t *pamh, const char *call) {
  size_t length = strcspn(call, "=");
  int flags = call[length] == '=' ? atoi(call + length + 1) : 0;

  for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
    if (strlen(calls[i].name) == length &&
        strncmp(calls[i].name, call, length) == 0)
      return calls[i].function(pamh, flags);
  fail("no such call");
}

/* note_delay is called instead of waiting (pam_fail_delay(3)). How long the
 * wait were is a matter of chance. */
static void note_delay(int code, unsigned microseconds, void *data) {
  (void)data;
  if (code != PAM_SUCCESS && microseconds > 0)
    puts("delay -");
}

static void print_environment(pam_handle_t *pamh) {
  char **variables = pam_getenvlist(pamh);

  for (char **variable = variables; variable != NULL && *variable != NULL;
       variable++) {
    printf("env ");
    print_hex(*variable);
    free(*variable);
  }
  free(variables);
}

static void print_user(pam_handle_t *pamh) {
  const void *user = NULL;

  if (pam_get_item(pamh, PAM_USER, &user) != PAM_SUCCESS)
    fail("pam_get_item");
  printf("user ");
  print_hex(user != NULL ? user : "");
}

int main(int argc, char **argv) {
  struct pam_conv conversation = {.conv = converse};
  pam_handle_t *pamh = NULL;
  char *user, **call = argv + 4, **end = argv + argc;
  int code = PAM_SUCCESS;

  if (argc < 4)
    fail("session CONFDIR SERVICE USER [CALL[=FLAGS]...] [-- ANSWER...]");
  for (answers = call; answers < end && strcmp(*answers, "--") != 0;)
    answers++;
  answers_end = end;
  end = answers;
  if (answers < answers_end)
    answers++;
  user = decode(argv[3]);
  if (pam_start_confdir(argv[2], *user != '\0' ? user : NULL, &conversation,
                        argv[1], &pamh) != PAM_SUCCESS)
    fail("pam_start_confdir");
  if (pam_set_item(pamh, PAM_FAIL_DELAY, (const void *)note_delay) !=
      PAM_SUCCESS)
    fail("pam_set_item");
  for (; call < end; call++) {
    code = make_call(pamh, *call);
    printf("code %d\n", code);
  }
  print_environment(pamh);
  print_user(pamh);
  free(user);
  return pam_end(pamh, code) == PAM_SUCCESS ? 0 : 1;
}
