#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void refuse(const char *reason) {
  fprintf(stderr,
          "wsload: %s\nusage: wsload --port N --connections FILE [--hold]\n"
          "  [--template FILE --senders N (--rate PER_SECOND | --window N | --acks N --ack TEXT [--error TEXT])]\n"
          "  [--delivery TEXT] [--seconds S] [--warmup S] [--ramp N] [--timeout S] [--reply GOT=ANSWER] [--keepalive SECONDS=FRAME]\n",
          reason);
  exit(2);
}

static char *split_at_equals(char *value) {
  char *equals = strchr(value, '=');
  if (equals == NULL) refuse("--reply and --keepalive want LEFT=RIGHT");
  *equals = '\0';
  return equals + 1;
}

static void check(const Options *o) {
  if (o->port < 1 || o->connections == NULL) refuse("--port and --connections are needed");
  int modes = (o->rate > 0) + (o->window > 0) + (o->acks > 0);
  if (modes > 1) refuse("one of --rate, --window and --acks at a time");
  if (modes == 1 && (o->template == NULL || o->senders < 1 || o->senders > 65535)) refuse("sending wants --template and 1-65535 --senders");
  if (o->acks > 0 && o->ack == NULL) refuse("--acks wants --ack, the text by which an answer is known");
}

Options options_parse(int argc, char **argv) {
  enum { PORT = 1, CONNECTIONS, TEMPLATE, SENDERS, RATE, WINDOW, ACKS, DELIVERY, ACK, ERROR, SECONDS, WARMUP, RAMP, TIMEOUT, HOLD, REPLY, KEEPALIVE };
  static const struct option NAMES[] = {
      {"port", 1, 0, PORT},     {"connections", 1, 0, CONNECTIONS}, {"template", 1, 0, TEMPLATE}, {"senders", 1, 0, SENDERS},
      {"rate", 1, 0, RATE},     {"window", 1, 0, WINDOW},           {"acks", 1, 0, ACKS},         {"delivery", 1, 0, DELIVERY},
      {"ack", 1, 0, ACK},       {"error", 1, 0, ERROR},             {"seconds", 1, 0, SECONDS},   {"warmup", 1, 0, WARMUP},
      {"ramp", 1, 0, RAMP},     {"timeout", 1, 0, TIMEOUT},         {"hold", 0, 0, HOLD},         {"reply", 1, 0, REPLY},
      {"keepalive", 1, 0, KEEPALIVE}, {0, 0, 0, 0},
  };
  Options o = {.seconds = 5, .warmup = 1, .ramp = 100, .timeout = 60};
  int name;
  while ((name = getopt_long(argc, argv, "", NAMES, NULL)) != -1) {
    switch (name) {
      case PORT: o.port = atoi(optarg); break;
      case CONNECTIONS: o.connections = optarg; break;
      case TEMPLATE: o.template = optarg; break;
      case SENDERS: o.senders = atoi(optarg); break;
      case RATE: o.rate = atof(optarg); break;
      case WINDOW: o.window = atoi(optarg); break;
      case ACKS: o.acks = atoi(optarg); break;
      case DELIVERY: o.delivery = optarg; break;
      case ACK: o.ack = optarg; break;
      case ERROR: o.error = optarg; break;
      case SECONDS: o.seconds = atof(optarg); break;
      case WARMUP: o.warmup = atof(optarg); break;
      case RAMP: o.ramp = atoi(optarg); break;
      case TIMEOUT: o.timeout = atof(optarg); break;
      case HOLD: o.hold = 1; break;
      case REPLY: o.reply_to = optarg; o.reply_with = split_at_equals(optarg); break;
      case KEEPALIVE: o.keepalive = split_at_equals(optarg); o.keepalive_every = atof(optarg); break;
      default: refuse("unknown option");
    }
  }
  if (optind < argc) refuse("unexpected argument");
  check(&o);
  return o;
}
