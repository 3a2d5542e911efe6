#define _GNU_SOURCE
#include "connection.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// All connections read into this one; only what is not yet a whole frame is kept per connection.
static Buffer incoming;
static const size_t READ_SIZE = 256 * 1024;

uint64_t monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

void connection_parse(Connection *c, uint32_t index, char *line) {
  memset(c, 0, sizeof *c);
  c->fd = -1;
  c->index = index;
  c->path = strsep(&line, "\t");
  char *field;
  while ((field = strsep(&line, "\t")) != NULL) {
    if (field[0] == 'H') {
      char *joined;
      if (asprintf(&joined, "%s%s\r\n", c->headers == NULL ? "" : c->headers, field + 1) < 0) exit(2);
      free(c->headers);
      c->headers = joined;
    } else if (field[0] == '>' || field[0] == '<') {
      c->steps = realloc(c->steps, sizeof(Step) * (size_t)(c->step_count + 1));
      c->steps[c->step_count++] = (Step){field[0], field + 1};
    } else {
      fprintf(stderr, "wsload: connection %u: a step begins with H, > or <, not with '%.20s'\n", index, field);
      exit(2);
    }
  }
}

void connection_drop(Network *network, Connection *c, int code) {
  if (c->state == STATE_CLOSED) return;
  State reached = c->state;
  c->state = STATE_CLOSED;
  if (c->fd >= 0) close(c->fd);
  c->fd = -1;
  buffer_free(&c->rest);
  buffer_free(&c->message);
  buffer_free(&c->out);
  network->closed(c, reached, code);
}

static void want_write(Network *network, Connection *c, int wanted) {
  if (c->wants_write == wanted) return;
  c->wants_write = wanted;
  struct epoll_event event = {.events = EPOLLIN | (wanted ? EPOLLOUT : 0), .data.ptr = c};
  epoll_ctl(network->epoll, EPOLL_CTL_MOD, c->fd, &event);
}

static void flush(Network *network, Connection *c) {
  size_t sent = 0;
  while (sent < c->out.length) {
    ssize_t n = send(c->fd, c->out.data + sent, c->out.length - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != EAGAIN) return connection_drop(network, c, 1006);
    if (n < 0) break;
    sent += (size_t)n;
  }
  memmove(c->out.data, c->out.data + sent, c->out.length - sent);
  c->out.length -= sent;
  want_write(network, c, c->out.length > 0);
}

void connection_send(Network *network, Connection *c, int opcode, const char *payload, size_t length) {
  if (c->state == STATE_CLOSED) return;
  frame_append(&c->out, opcode, payload, length);
  flush(network, c);
}

void connection_start(Network *network, Connection *c) {
  c->started = monotonic_ns();
  c->state = STATE_CONNECTING;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int on = 1;
  if (c->fd < 0) {
    perror("wsload: socket");
    return connection_drop(network, c, 1006);
  }
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(c->fd, (struct sockaddr *)&network->address, sizeof network->address) < 0 && errno != EINPROGRESS) {
    return connection_drop(network, c, 1006);
  }
  c->wants_write = 1;
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
  epoll_ctl(network->epoll, EPOLL_CTL_ADD, c->fd, &event);
}

static void upgrade(Network *network, Connection *c) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return connection_drop(network, c, 1006);
  char *request;
  int length = asprintf(&request,
                        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: d3Nsb2FkLXdzbG9hZC13cw==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
                        c->path, ntohs(network->address.sin_port), c->headers == NULL ? "" : c->headers);
  if (length < 0) exit(2);
  c->state = STATE_UPGRADING;
  buffer_append(&c->out, request, (size_t)length);
  free(request);
  flush(network, c);
}

static void walk_script(Network *network, Connection *c, uint64_t now) {
  while (c->state == STATE_SCRIPT && c->next_step < c->step_count && c->steps[c->next_step].kind == '>') {
    const char *text = c->steps[c->next_step++].text;
    connection_send(network, c, OP_TEXT, text, strlen(text));
  }
  if (c->state != STATE_SCRIPT || c->next_step < c->step_count) return;
  c->state = STATE_READY;
  network->ready(c, now);
}

static void take_message(Network *network, Connection *c, const char *payload, size_t length, uint64_t now) {
  if (network->reply_to != NULL && length == strlen(network->reply_to) && memcmp(payload, network->reply_to, length) == 0) {
    connection_send(network, c, OP_TEXT, network->reply_with, strlen(network->reply_with));
  }
  if (c->state == STATE_SCRIPT) {
    const char *awaited = c->steps[c->next_step].text;
    if (memmem(payload, length, awaited, strlen(awaited)) == NULL) return;
    c->next_step++;
    walk_script(network, c, now);
  } else if (c->state == STATE_READY) {
    network->message(c, payload, length, now);
  }
}

static void take_frame(Network *network, Connection *c, const FrameHead *head, const char *payload, uint64_t now) {
  size_t length = (size_t)head->payload;
  if (head->opcode == OP_PING) return connection_send(network, c, OP_PONG, payload, length);
  if (head->opcode == OP_PONG) return;
  if (head->opcode == OP_CLOSE) {
    int code = length >= 2 ? (unsigned char)payload[0] << 8 | (unsigned char)payload[1] : 1005;
    connection_send(network, c, OP_CLOSE, payload, length >= 2 ? 2 : 0);
    return connection_drop(network, c, code);
  }
  if (head->final && head->opcode != OP_CONTINUATION) return take_message(network, c, payload, length, now);
  buffer_append(&c->message, payload, length);
  if (!head->final) return;
  // A listener may send, and a failed send frees the connection's buffers: the message must not be one of them.
  Buffer whole = c->message;
  memset(&c->message, 0, sizeof c->message);
  take_message(network, c, whole.data, whole.length, now);
  buffer_free(&whole);
}

// Returns how many bytes the answer to the upgrade took, 0 while it is not whole.
static size_t take_upgrade(Network *network, Connection *c, const char *bytes, size_t length, uint64_t now) {
  const char *end = memmem(bytes, length, "\r\n\r\n", 4);
  if (end == NULL) return 0;
  if (memcmp(bytes, "HTTP/1.1 101", 12) != 0) {
    static int told = 0;
    if (told++ < 3) fprintf(stderr, "wsload: %s answered: %.*s\n", c->path, (int)(length < 400 ? length : 400), bytes);
    connection_drop(network, c, 1006);
    return 0;
  }
  c->state = STATE_SCRIPT;
  walk_script(network, c, now);
  return (size_t)(end - bytes) + 4;
}

static size_t take_frames(Network *network, Connection *c, const char *bytes, size_t length, uint64_t now) {
  size_t taken = 0;
  FrameHead head;
  while ((c->state == STATE_SCRIPT || c->state == STATE_READY) && frame_head(bytes + taken, length - taken, &head)) {
    if (length - taken - head.header < head.payload) break;
    take_frame(network, c, &head, bytes + taken + head.header, now);
    taken += head.header + (size_t)head.payload;
  }
  return taken;
}

static void receive(Network *network, Connection *c) {
  incoming.length = 0;
  buffer_reserve(&incoming, c->rest.length + READ_SIZE);
  buffer_append(&incoming, c->rest.data, c->rest.length);
  ssize_t n = recv(c->fd, incoming.data + incoming.length, incoming.capacity - incoming.length, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) return connection_drop(network, c, 1006);
  incoming.length += (size_t)n;
  uint64_t now = monotonic_ns();
  size_t taken = c->state == STATE_UPGRADING ? take_upgrade(network, c, incoming.data, incoming.length, now) : 0;
  taken += take_frames(network, c, incoming.data + taken, incoming.length - taken, now);
  if (c->state == STATE_CLOSED) return;
  c->rest.length = 0;
  if (taken == incoming.length) {
    if (c->rest.capacity > 0) buffer_free(&c->rest);
  } else {
    buffer_append(&c->rest, incoming.data + taken, incoming.length - taken);
  }
}

void connection_event(Network *network, Connection *c, uint32_t events) {
  if (c->state == STATE_CLOSED) return;
  if (c->state == STATE_CONNECTING) {
    if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) upgrade(network, c);
    return;
  }
  if (events & EPOLLOUT) flush(network, c);
  if (c->state != STATE_CLOSED && events & (EPOLLIN | EPOLLERR | EPOLLHUP)) receive(network, c);
}
