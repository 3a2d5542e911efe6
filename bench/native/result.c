#include "result.h"

#include <stdio.h>

static void number(const char *name, uint64_t value) {
  printf(",\"%s\":%llu", name, (unsigned long long)value);
}

static void per_second(const char *name, uint64_t value, double seconds) {
  printf(",\"%s\":%.1f", name, seconds > 0 ? (double)value / seconds : 0);
}

static void times(const char *name, const Histogram *h) {
  printf(",\"%s\":{\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f,\"p999\":%.3f,\"max\":%.3f}", name, histogram_ms(h, .5), histogram_ms(h, .9),
         histogram_ms(h, .99), histogram_ms(h, .999), (double)h->max / 1e6);
}

static void print_connections(const Result *r) {
  printf("{\"connections\":%d,\"failed\":%d,\"dropped\":%d,\"last_close_code\":%d", r->ready, r->failed, r->dropped, r->last_close_code);
  times("connect_ms", &r->connect_times);
}

void result_print(const Result *r) {
  print_connections(r);
  printf(",\"seconds\":%.3f", r->seconds);
  number("sent", r->sent);
  number("own", r->own);
  number("delivered", r->delivered);
  per_second("deliveries_per_s", r->delivered, r->seconds);
  number("acks", r->acks);
  per_second("acks_per_s", r->acks, r->seconds);
  number("errors", r->errors);
  number("messages", r->messages);
  number("bytes", r->bytes);
  times("latency_ms", &r->latencies);
  printf(",\"generator_cpu\":%.3f}\n", r->generator_cpu);
  fflush(stdout);
}

void result_print_connections(const Result *r) {
  print_connections(r);
  printf("}\n");
  fflush(stdout);
}
