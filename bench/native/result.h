// What a run found, printed as one line of JSON; bench/generator.ts states the shape.
#ifndef RESULT_H
#define RESULT_H
#include <stdint.h>

#include "histogram.h"

typedef struct {
  int ready;           // connections that are ready now
  int failed;          // never became ready
  int dropped;         // were ready and are closed
  int last_close_code; // of any of them, 0 when none closed
  double seconds;
  double generator_cpu;
  uint64_t sent;
  uint64_t own; // deliveries of a sender's own message to itself
  uint64_t delivered;
  uint64_t acks;
  uint64_t errors;
  uint64_t messages;
  uint64_t bytes;
  Histogram connect_times;
  Histogram latencies;
} Result;

void result_print(const Result *result);

// The line of --hold: only what concerns the connections.
void result_print_connections(const Result *result);

#endif
