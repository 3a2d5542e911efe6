#include "histogram.h"

static int bucket_of(uint64_t value) {
  int bits = 63 - __builtin_clzll(value | 1);
  int shift = bits > 6 ? bits - 6 : 0;
  // With shift > 0 the shifted value lies in 64..127, so the buckets of one power of two follow those of the one before.
  return shift * HISTOGRAM_STEPS + (int)(value >> shift);
}

static uint64_t middle_of(int bucket) {
  if (bucket < 2 * HISTOGRAM_STEPS) return (uint64_t)bucket;
  int shift = bucket / HISTOGRAM_STEPS - 1;
  uint64_t low = (uint64_t)(bucket - shift * HISTOGRAM_STEPS) << shift;
  return low + (1ull << (shift - 1));
}

void histogram_add(Histogram *histogram, uint64_t nanoseconds) {
  histogram->counts[bucket_of(nanoseconds)]++;
  histogram->total++;
  if (nanoseconds > histogram->max) histogram->max = nanoseconds;
}

double histogram_ms(const Histogram *histogram, double fraction) {
  uint64_t seen = 0;
  for (int bucket = 0; bucket < HISTOGRAM_BUCKETS && histogram->total > 0; bucket++) {
    seen += histogram->counts[bucket];
    if ((double)seen < fraction * (double)histogram->total || seen == 0) continue;
    uint64_t value = middle_of(bucket);
    return (double)(value < histogram->max ? value : histogram->max) / 1e6;
  }
  return 0;
}
