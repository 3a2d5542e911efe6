#include "frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buffer_reserve(Buffer *buffer, size_t capacity) {
  if (capacity <= buffer->capacity) return;
  size_t grown = buffer->capacity * 2 > capacity ? buffer->capacity * 2 : capacity;
  char *data = realloc(buffer->data, grown);
  if (data == NULL) {
    fprintf(stderr, "wsload: out of memory\n");
    exit(2);
  }
  buffer->data = data;
  buffer->capacity = grown;
}

void buffer_append(Buffer *buffer, const void *data, size_t length) {
  if (length == 0) return;
  buffer_reserve(buffer, buffer->length + length);
  memcpy(buffer->data + buffer->length, data, length);
  buffer->length += length;
}

void buffer_free(Buffer *buffer) {
  free(buffer->data);
  memset(buffer, 0, sizeof *buffer);
}

int frame_head(const char *bytes, size_t length, FrameHead *head) {
  const unsigned char *b = (const unsigned char *)bytes;
  if (length < 2) return 0;
  head->final = b[0] >> 7;
  head->opcode = b[0] & 15;
  head->header = 2;
  head->payload = b[1] & 127;
  int extended = head->payload == 126 ? 2 : head->payload == 127 ? 8 : 0;
  if (extended == 0) return 1;
  head->header += (size_t)extended;
  if (length < head->header) return 0;
  head->payload = 0;
  for (int i = 0; i < extended; i++) head->payload = head->payload << 8 | b[2 + i];
  return 1;
}

static uint32_t next_mask(void) {
  static uint32_t state = 0x9e3779b9;
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

void frame_append(Buffer *out, int opcode, const char *payload, size_t length) {
  unsigned char head[14];
  size_t used = 2;
  head[0] = (unsigned char)(0x80 | opcode);
  int extended = length < 126 ? 0 : length < 65536 ? 2 : 8;
  head[1] = (unsigned char)(0x80 | (extended == 0 ? length : extended == 2 ? 126 : 127));
  for (int i = extended - 1; i >= 0; i--) head[used++] = (unsigned char)((uint64_t)length >> (8 * i));
  uint32_t word = next_mask();
  unsigned char mask[4];
  memcpy(mask, &word, 4);
  memcpy(head + used, mask, 4);
  buffer_append(out, head, used + 4);
  size_t start = out->length;
  buffer_append(out, payload, length);
  for (size_t i = 0; i < length; i++) out->data[start + i] ^= (char)mask[i & 3];
}
