// Copies standard input to standard output, then counts what it saw.
//@ stdin: one\ntwo three\n\nlast without newline
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    char line[64];
    int lines = 0, bytes = 0;
    for (int c; (c = getchar()) != EOF; bytes++) {
        putchar(c);
        lines += c == '\n';
    }
    printf("\n%d lines, %d bytes, end again %zd\n", lines, bytes, read(0, line, sizeof line));
    return 0;
}
