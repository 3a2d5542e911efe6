// WebSocket frames (RFC 6455), client side: what we send is masked, what we receive is not. Also the byte buffer they live in.
#ifndef FRAME_H
#define FRAME_H
#include <stddef.h>
#include <stdint.h>

enum { OP_CONTINUATION = 0, OP_TEXT = 1, OP_BINARY = 2, OP_CLOSE = 8, OP_PING = 9, OP_PONG = 10 };

typedef struct {
  char *data;
  size_t length;
  size_t capacity;
} Buffer;

void buffer_reserve(Buffer *buffer, size_t capacity);
void buffer_append(Buffer *buffer, const void *data, size_t length);
void buffer_free(Buffer *buffer);

typedef struct {
  int final;
  int opcode;
  size_t header;
  uint64_t payload;
} FrameHead;

// 1 when the head of a frame stands complete in the first `length` bytes, else 0.
int frame_head(const char *bytes, size_t length, FrameHead *head);

void frame_append(Buffer *out, int opcode, const char *payload, size_t length);

#endif
