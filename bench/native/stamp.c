#include "stamp.h"

#include <stdio.h>
#include <string.h>

static const char DIGITS[] = "0123456789abcdef";

static void write_hex(char *out, uint64_t value, int width) {
  for (int i = width - 1; i >= 0; i--, value >>= 4) out[i] = DIGITS[value & 15];
}

static int read_hex(const char *in, int width, uint64_t *value) {
  *value = 0;
  for (int i = 0; i < width; i++) {
    unsigned c = (unsigned char)in[i];
    unsigned digit = c - '0' <= 9u ? c - '0' : c - 'a' <= 5u ? c - 'a' + 10u : 16u;
    if (digit > 15) return 0;
    *value = *value << 4 | digit;
  }
  return 1;
}

void stamp_write(char *out, Stamp stamp) {
  out[0] = '~';
  write_hex(out + 1, stamp.time, 16);
  write_hex(out + 17, stamp.sender, 4);
  out[21] = '~';
}

const char *stamp_find(const char *from, const char *end, Stamp *found) {
  while (end - from >= STAMP_LENGTH && (from = memchr(from, '~', (size_t)(end - from) - STAMP_LENGTH + 1)) != NULL) {
    uint64_t sender;
    if (from[STAMP_LENGTH - 1] == '~' && read_hex(from + 1, 16, &found->time) && read_hex(from + 17, 4, &sender)) {
      found->sender = (uint32_t)sender;
      return from + STAMP_LENGTH;
    }
    from++;
  }
  return NULL;
}

size_t template_size(const char *template) {
  // A %count% of 7 characters grows to at most 20 digits, a %stamp% of 7 to 22 characters.
  return strlen(template) * 4 + 1;
}

size_t template_fill(char *out, const char *template, Stamp stamp, uint64_t count) {
  char *to = out;
  for (const char *from = template; *from != '\0';) {
    if (strncmp(from, "%stamp%", 7) == 0) {
      stamp_write(to, stamp);
      to += STAMP_LENGTH;
      from += 7;
    } else if (strncmp(from, "%count%", 7) == 0) {
      to += sprintf(to, "%llu", (unsigned long long)count);
      from += 7;
    } else {
      *to++ = *from++;
    }
  }
  return (size_t)(to - out);
}
