// Writes a megabyte to stdout and, mixed with it, one to stderr: nothing may be lost or cross over.
#include <stdio.h>
#include <unistd.h>

static void all(int fd, const char *bytes, size_t size)
{
    while (size) {
        ssize_t done = write(fd, bytes, size);
        if (done <= 0)
            _exit(9);
        bytes += done;
        size -= done;
    }
}

int main(void)
{
    static char out[100000], err[100000];
    for (int round = 0; round < 10; round++) {
        for (size_t i = 0; i < sizeof out; i++) {
            out[i] = (char)('a' + (i + round) % 26);
            err[i] = (char)('0' + (i * 7 + round) % 10);
        }
        out[sizeof out - 1] = err[sizeof err - 1] = '\n';
        all(1, out, sizeof out);
        all(2, err, sizeof err);
    }
    return 0;
}
