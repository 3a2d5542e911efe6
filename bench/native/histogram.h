// Durations in nanoseconds, kept log-linear: every power of two is split into 64 steps, so a percentile is right within 1.6 %.
#ifndef HISTOGRAM_H
#define HISTOGRAM_H
#include <stdint.h>

#define HISTOGRAM_STEPS 64
#define HISTOGRAM_BUCKETS (HISTOGRAM_STEPS * 60)

typedef struct {
  uint64_t counts[HISTOGRAM_BUCKETS];
  uint64_t total;
  uint64_t max;
} Histogram;

void histogram_add(Histogram *histogram, uint64_t nanoseconds);

// The duration in milliseconds below which `fraction` (0-1) of what was added lies; 0 when nothing was added.
double histogram_ms(const Histogram *histogram, double fraction);

#endif
