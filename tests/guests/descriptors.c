// Duplicates descriptors; the lowest free number is taken, the offset is shared.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
    char text[8] = "";
    int one = open("tmp/file", O_CREAT | O_RDWR, 0600);
    int two = fcntl(one, F_DUPFD_CLOEXEC, 10);
    printf("at least ten %d, close on exec %d %d\n", two >= 10, fcntl(one, F_GETFD), fcntl(two, F_GETFD));
    write(one, "abcdef", 6);
    printf("shared offset %lld\n", (long long)lseek(two, 0, SEEK_CUR));
    printf("mode %d, append %d\n", (fcntl(one, F_GETFL) & O_ACCMODE) == O_RDWR, (fcntl(one, F_GETFL) & O_APPEND) != 0);
    printf("set %d, append %d\n", fcntl(one, F_SETFL, O_APPEND), (fcntl(two, F_GETFL) & O_APPEND) != 0);
    int again = dup(one);
    printf("lowest %d\n", again == one + 1);
    printf("close %d", close(one));
    printf(", reused %d\n", open("tmp/file", O_RDONLY) == one);
    printf("dup2 %d", dup2(again, 20));
    printf(" %d\n", dup2(20, 20));
    ssize_t got = pread(20, text, 3, 1);
    printf("read %zd [%s]\n", got, text);
    fflush(stdout);
    int saved = dup(1), file = open("tmp/out", O_CREAT | O_RDWR, 0600);
    dup2(file, 1);
    puts("into the file");
    fflush(stdout);
    dup2(saved, 1);
    char back[32] = "";
    pread(file, back, 31, 0);
    printf("redirected: %s", back);
    return 0;
}
