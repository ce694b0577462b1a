// Asks whether its streams are terminals: they are not, a test holds the other end.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
    for (int fd = 0; fd < 3; fd++) {
        errno = 0;
        int answer = isatty(fd);
        printf("%d: %d %s\n", fd, answer, strerror(errno));
    }
    return 0;
}
