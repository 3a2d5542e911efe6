// wsload: a one-thread WebSocket load generator. It knows no chat protocol: connections come from a file, messages from a template, and a
// message is known again by the stamp it carries. It prints one JSON line. A generator slower than the server would measure itself; its
// own processor time is part of the answer (generator_cpu, 1 = the core was full), so that the reader can tell.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "connection.h"
#include "lines.h"
#include "options.h"
#include "result.h"
#include "stamp.h"

typedef enum { PHASE_CONNECT, PHASE_WARMUP, PHASE_MEASURE, PHASE_DRAIN } Phase;

static Options options;
static Network network;
static Connection *connections;
static int total;
static int timer, standard_input = STDIN_FILENO;
static char **templates;
static int template_count;
static char *scratch;

static Phase phase;
static uint64_t first_stamp, measure_start, measure_end, counter;
static Result result;

static void on_ready(Connection *c, uint64_t now) {
  result.ready++;
  histogram_add(&result.connect_times, now - c->started);
}

static void on_closed(Connection *c, State reached, int code) {
  (void)c;
  result.last_close_code = code;
  if (reached == STATE_READY) {
    result.ready--;
    result.dropped++;
  } else {
    result.failed++;
  }
}

static void send_one(uint32_t sender, uint64_t time) {
  Connection *c = &connections[sender];
  if (c->state != STATE_READY) return;
  const char *template = templates[sender < (uint32_t)template_count ? sender : (uint32_t)template_count - 1];
  size_t length = template_fill(scratch, template, (Stamp){time, sender}, counter++);
  if (options.rate > 0 ? time >= measure_start && time < measure_end : phase == PHASE_MEASURE) result.sent++;
  connection_send(&network, c, OP_TEXT, scratch, length);
}

// Open loop: what was sent within the measured time, whenever it arrives. Closed loop: what arrives within it.
static int counts(uint64_t stamped) {
  return options.rate > 0 ? stamped >= measure_start && stamped < measure_end : phase == PHASE_MEASURE;
}

static void take_deliveries(Connection *c, const char *payload, size_t length, uint64_t now) {
  if (options.delivery != NULL && memmem(payload, length, options.delivery, strlen(options.delivery)) == NULL) return;
  Stamp stamp;
  const char *end = payload + length;
  for (const char *at = payload; (at = stamp_find(at, end, &stamp)) != NULL;) {
    // Earlier stamps are history of another run.
    if (stamp.time < first_stamp || stamp.time > now) continue;
    if (counts(stamp.time)) {
      result.delivered++;
      histogram_add(&result.latencies, now - stamp.time);
    }
    if (stamp.sender != c->index || (int)stamp.sender >= options.senders) continue;
    result.own += counts(stamp.time) ? 1 : 0;
    if (options.window > 0 && phase <= PHASE_MEASURE) send_one(stamp.sender, monotonic_ns());
  }
}

static int contains(const char *payload, size_t length, const char *text) {
  return text != NULL && memmem(payload, length, text, strlen(text)) != NULL;
}

static void on_message(Connection *c, const char *payload, size_t length, uint64_t now) {
  if (phase == PHASE_MEASURE) {
    result.messages++;
    result.bytes += length;
  }
  if (first_stamp == 0) return;
  if (options.acks > 0 || options.error != NULL) {
    int refused = contains(payload, length, options.error);
    if (refused && result.errors++ < 3) fprintf(stderr, "wsload: refused: %.*s\n", (int)(length < 300 ? length : 300), payload);
    if (options.acks > 0 && (refused || contains(payload, length, options.ack))) {
      if (!refused && phase == PHASE_MEASURE) result.acks++;
      if ((int)c->index < options.senders && phase <= PHASE_MEASURE) send_one(c->index, monotonic_ns());
      return;
    }
  }
  take_deliveries(c, payload, length, now);
}

static int pump(int milliseconds) {
  struct epoll_event events[512];
  int standard_input_ended = 0;
  int n = epoll_wait(network.epoll, events, 512, milliseconds);
  for (int i = 0; i < n; i++) {
    char discarded[512];
    void *source = events[i].data.ptr;
    if (source == &timer) {
      (void)!read(timer, discarded, sizeof discarded);
    } else if (source == &standard_input) {
      standard_input_ended = read(standard_input, discarded, sizeof discarded) <= 0;
    } else {
      connection_event(&network, source, events[i].events);
    }
  }
  return standard_input_ended;
}

static void watch_file(int *file) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = file};
  epoll_ctl(network.epoll, EPOLL_CTL_ADD, *file, &event);
}

static void load_files(void) {
  char **lines = lines_read(options.connections, &total);
  connections = calloc((size_t)total, sizeof *connections);
  for (int i = 0; i < total; i++) connection_parse(&connections[i], (uint32_t)i, lines[i]);
  if (options.senders > total) options.senders = total;
  if (options.template == NULL) return;
  templates = lines_read(options.template, &template_count);
  size_t longest = 0;
  for (int i = 0; i < template_count; i++) longest = template_size(templates[i]) > longest ? template_size(templates[i]) : longest;
  scratch = malloc(longest);
}

static void connect_all(void) {
  uint64_t deadline = monotonic_ns() + (uint64_t)(options.timeout * 1e9);
  int started = 0, settled = 0;
  while (settled < total && monotonic_ns() < deadline) {
    while (started < total && started - settled < options.ramp) connection_start(&network, &connections[started++]);
    pump(50);
    settled = result.ready + result.failed + result.dropped;
  }
  for (int i = 0; i < total; i++) {
    if (connections[i].state != STATE_READY) connection_drop(&network, &connections[i], 1006);
  }
}

static void send_at_rate(void) {
  double interval = 1e9 / options.rate;
  uint64_t start = monotonic_ns(), end = measure_end, number = 0;
  while (1) {
    uint64_t due = start + (uint64_t)((double)number * interval), now = monotonic_ns();
    if (now >= measure_start && phase == PHASE_WARMUP) phase = PHASE_MEASURE;
    if (due >= end) break;
    if (due <= now) {
      // Stamped with the time it was due: a generator that is late must not hide what a user would have waited.
      send_one((uint32_t)(number % (uint64_t)options.senders), due);
      number++;
      pump(0);
      continue;
    }
    struct itimerspec at = {.it_value = {(time_t)(due / 1000000000ull), (long)(due % 1000000000ull)}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
    pump(1000);
  }
}

static void pump_until(uint64_t deadline) {
  for (uint64_t now = monotonic_ns(); now < deadline; now = monotonic_ns()) pump((int)((deadline - now) / 1000000ull) + 1);
}

static void drain(void) {
  uint64_t deadline = monotonic_ns() + 5000000000ull;
  for (uint64_t before = result.delivered + 1; before != result.delivered && monotonic_ns() < deadline;) {
    before = result.delivered;
    pump_until(monotonic_ns() + 500000000ull);
  }
}

static double processor_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void run(void) {
  double cpu = 0;
  phase = PHASE_WARMUP;
  first_stamp = monotonic_ns();
  measure_start = first_stamp + (uint64_t)(options.warmup * 1e9);
  measure_end = measure_start + (uint64_t)(options.seconds * 1e9);
  int in_flight = options.window > 0 ? options.window : options.acks;
  for (int i = 0; i < in_flight; i++) {
    for (int sender = 0; sender < options.senders; sender++) send_one((uint32_t)sender, monotonic_ns());
  }
  if (options.rate > 0) {
    cpu = processor_seconds();
    send_at_rate();
  } else {
    pump_until(measure_start);
    phase = PHASE_MEASURE;
    measure_start = monotonic_ns();
    measure_end = measure_start + (uint64_t)(options.seconds * 1e9);
    cpu = processor_seconds();
  }
  pump_until(measure_end);
  measure_end = options.rate > 0 ? measure_end : monotonic_ns();
  cpu = processor_seconds() - cpu;
  phase = PHASE_DRAIN;
  drain();
  result.seconds = (double)(measure_end - measure_start) / 1e9;
  result.generator_cpu = cpu / (options.rate > 0 ? result.seconds + options.warmup : result.seconds);
  result_print(&result);
}

static void hold(void) {
  watch_file(&standard_input);
  result_print_connections(&result);
  uint64_t next = monotonic_ns();
  while (!pump(200)) {
    if (options.keepalive == NULL || monotonic_ns() < next) continue;
    next += (uint64_t)(options.keepalive_every * 1e9);
    for (int i = 0; i < total; i++) {
      if (connections[i].state == STATE_READY) connection_send(&network, &connections[i], OP_TEXT, options.keepalive, strlen(options.keepalive));
    }
  }
  result_print_connections(&result);
}

int main(int argc, char **argv) {
  options = options_parse(argc, argv);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  // Without this the kernel may wake us 50 us late.
  prctl(PR_SET_TIMERSLACK, 1);
  load_files();
  network.epoll = epoll_create1(EPOLL_CLOEXEC);
  network.address.sin_family = AF_INET;
  network.address.sin_port = htons((uint16_t)options.port);
  network.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  network.reply_to = options.reply_to;
  network.reply_with = options.reply_with;
  network.ready = on_ready;
  network.message = on_message;
  network.closed = on_closed;
  timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  watch_file(&timer);
  connect_all();
  if (options.hold) hold();
  else run();
  return 0;
}
