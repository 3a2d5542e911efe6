// The command line of the load generator; bench/generator-worker.ts understands the same one.
#ifndef OPTIONS_H
#define OPTIONS_H

typedef struct {
  int port;
  const char *connections; // file: one connection a line, see connection_parse
  const char *template;    // file: line i is sender i's frame, the last line is everybody else's
  int senders;             // the first so many connections send
  double rate;             // open loop: messages a second over all senders
  int window;              // closed loop: each sender keeps so many of its own messages in flight
  int acks;                // closed loop on replies: each sender keeps so many unanswered requests
  const char *delivery;    // only messages containing this carry deliveries (default: any)
  const char *ack;         // a message containing this is the answer to one request
  const char *error;       // a message containing this is an answer too, counted apart
  double seconds;
  double warmup;
  int ramp;                // at most so many connections on their way at once
  double timeout;          // seconds after which connections that are not ready have failed
  int hold;                // print a line when all are ready, then stay until standard input ends
  char *reply_to;          // --reply GOT=ANSWER
  char *reply_with;
  double keepalive_every;  // --keepalive SECONDS=FRAME
  char *keepalive;
} Options;

Options options_parse(int argc, char **argv);

#endif
