#ifndef LINES_H
#define LINES_H

// All lines of a file, without their ends. Ends the program when the file is missing or empty.
char **lines_read(const char *path, int *count);

#endif
