#define _GNU_SOURCE
#include "common.h"
#include "thread.h"

void goldap_finish(struct stream *stream, enum nss_status status) {
  goldap_release(&stream->lookup);
  stream->state = STREAM_OVER;
  stream->pending = false;
  stream->end = status;
}

enum nss_status goldap_rewind(enum map map) {
  struct calm calm = goldap_enter();
  struct thread *thread = goldap_thread();

  if (thread != NULL) {
    goldap_finish(&thread->streams[map], NSS_STATUS_UNAVAIL);
    thread->streams[map].state = STREAM_IDLE;
  }
  goldap_leave(calm);
  return NSS(enablelookups) ? NSS_STATUS_SUCCESS : NSS_STATUS_UNAVAIL;
}

/* start asks for all entries and reads up to the first. */
static enum nss_status start(struct stream *stream, int32_t action) {
  enum nss_status status;

  goldap_prepare(&stream->lookup, action);
  stream->lookup.enumerating = true;
  status = goldap_ask(&stream->lookup);
  wire_free_request(&stream->lookup.request);
  stream->state = STREAM_OPEN;
  stream->pending = status == NSS_STATUS_SUCCESS;
  return status;
}

/* advance has the next entry read: again the one that did not fit, if there is
 * one. Entries in which there is nothing for this caller are passed over. */
static enum nss_status advance(struct stream *stream, reader *read,
                               void *result, struct place place) {
  enum nss_status status = NSS_STATUS_NOTFOUND;

  while (status == NSS_STATUS_NOTFOUND) {
    if (!stream->pending) {
      status = goldap_next(&stream->lookup);
      if (status != NSS_STATUS_SUCCESS)
        return status;
    }
    stream->lookup.position = stream->lookup.entry;
    status = read(&stream->lookup, result, place);
    stream->pending = status == NSS_STATUS_TRYAGAIN;
  }
  return status;
}

/* get is one step of an enumeration. What cannot go on stays over until it is
 * begun anew. */
static enum nss_status get(struct stream *stream, int32_t action, reader *read,
                           void *result, struct place place) {
  enum nss_status status = NSS_STATUS_SUCCESS;

  if (stream->state == STREAM_OVER)
    return stream->end;
  if (stream->state == STREAM_IDLE)
    status = start(stream, action);
  if (status == NSS_STATUS_SUCCESS)
    status = advance(stream, read, result, place);
  if (status == NSS_STATUS_NOTFOUND || status == NSS_STATUS_UNAVAIL)
    goldap_finish(stream, status);
  if (status == NSS_STATUS_TRYAGAIN && !stream->lookup.connected)
    stream->state = STREAM_IDLE;
  return status;
}

enum nss_status goldap_get(enum map map, int32_t action, reader *read,
                           void *result, struct reply reply) {
  static const struct lookup nothing = {0};
  struct calm calm = goldap_enter();
  struct thread *thread = goldap_thread_here();
  struct stream *stream = thread != NULL ? &thread->streams[map] : NULL;
  enum nss_status status = NSS_STATUS_UNAVAIL;

  if (stream != NULL && NSS(enablelookups))
    status = get(stream, action, read, result, reply.place);
  goldap_leave(calm);
  goldap_set_errors(stream != NULL ? &stream->lookup : &nothing, status, reply);
  return status;
}
