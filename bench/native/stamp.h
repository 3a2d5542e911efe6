// The mark by which a message is known again in whatever form a server sends it back: ~<16 hex digits of ns><4 hex digits of sender>~
#ifndef STAMP_H
#define STAMP_H
#include <stddef.h>
#include <stdint.h>

#define STAMP_LENGTH 22

typedef struct {
  uint64_t time;
  uint32_t sender;
} Stamp;

// Writes STAMP_LENGTH characters, no terminator.
void stamp_write(char *out, Stamp stamp);

// The first stamp in [from, end), or NULL. Returns the position behind it, from which the next one is looked for.
const char *stamp_find(const char *from, const char *end, Stamp *found);

// Fills in a template: %stamp% becomes `stamp`, %count% a decimal counter. `out` must hold template_size(template) bytes.
size_t template_size(const char *template);
size_t template_fill(char *out, const char *template, Stamp stamp, uint64_t count);

#endif
