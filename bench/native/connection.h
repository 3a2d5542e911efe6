// One WebSocket client connection: it connects, upgrades, walks its script, then is ready and hands every message to the listener.
#ifndef CONNECTION_H
#define CONNECTION_H
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "frame.h"

typedef enum { STATE_NEW, STATE_CONNECTING, STATE_UPGRADING, STATE_SCRIPT, STATE_READY, STATE_CLOSED } State;

// '>' sends the text, '<' waits for a message that contains it.
typedef struct {
  char kind;
  char *text;
} Step;

typedef struct {
  int fd;
  State state;
  uint32_t index;
  int wants_write;
  char *path;
  char *headers;
  Step *steps;
  int step_count;
  int next_step;
  Buffer rest;    // received, not yet a whole frame
  Buffer message; // fragments of a message whose last one has not come
  Buffer out;
  uint64_t started;
} Connection;

// What all connections of a run share.
typedef struct {
  int epoll;
  struct sockaddr_in address;
  const char *reply_to; // a text message equal to this is answered with reply_with
  const char *reply_with;
  void (*ready)(Connection *connection, uint64_t now);
  void (*message)(Connection *connection, const char *payload, size_t length, uint64_t now);
  // `reached` is the state it was in; `code` the close code, 1006 when none came.
  void (*closed)(Connection *connection, State reached, int code);
} Network;

uint64_t monotonic_ns(void);

// Parses one line of the connections file: PATH, then tab-separated steps: H<header line>, ><frame to send>, <<text to wait for>.
void connection_parse(Connection *connection, uint32_t index, char *line);
void connection_start(Network *network, Connection *connection);
void connection_event(Network *network, Connection *connection, uint32_t events);
void connection_drop(Network *network, Connection *connection, int code);
void connection_send(Network *network, Connection *connection, int opcode, const char *payload, size_t length);

#endif
