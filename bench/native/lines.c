#define _GNU_SOURCE
#include "lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

char **lines_read(const char *path, int *count) {
  FILE *file = fopen(path, "r");
  if (file == NULL) {
    perror(path);
    exit(2);
  }
  char **lines = NULL, *line = NULL;
  size_t capacity = 0;
  ssize_t length;
  int room = 0;
  *count = 0;
  while ((length = getline(&line, &capacity, file)) > 0) {
    if (line[length - 1] == '\n') line[length - 1] = '\0';
    if (*count == room) {
      room = room == 0 ? 64 : room * 2;
      lines = realloc(lines, sizeof *lines * (size_t)room);
      if (lines == NULL) exit(2);
    }
    lines[(*count)++] = line;
    line = NULL;
    capacity = 0;
  }
  free(line);
  fclose(file);
  if (*count == 0) {
    fprintf(stderr, "wsload: %s is empty\n", path);
    exit(2);
  }
  return lines;
}
