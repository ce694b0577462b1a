// Reads and writes at offsets and in vectors, beyond the end and in pieces.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

int main(void)
{
    char a[4] = "", b[8] = "", text[16] = "";
    int fd = open("tmp/transfer", O_CREAT | O_RDWR, 0600);
    struct iovec parts[3] = { { "one", 3 }, { "", 0 }, { "twothree", 8 } };
    printf("writev %zd\n", writev(fd, parts, 3));
    printf("pwrite %zd", pwrite(fd, "END", 3, 10000));
    printf(", still at %lld\n", (long long)lseek(fd, 0, SEEK_CUR));
    struct iovec into[2] = { { a, 3 }, { b, 7 } };
    lseek(fd, 0, SEEK_SET);
    ssize_t got = readv(fd, into, 2);
    printf("readv %zd [%s] [%s]\n", got, a, b);
    got = pread(fd, text, 15, 9999);
    printf("pread %zd [%s]\n", got, text + 1);
    printf("hole %d\n", text[0]);
    printf("size %lld", (long long)lseek(fd, 0, SEEK_END));
    printf(", from there %lld\n", (long long)lseek(fd, -3, SEEK_CUR));
    printf("behind the end: at %lld", (long long)lseek(fd, 20000, SEEK_SET));
    printf(", read %zd\n", read(fd, text, 1));
    printf("vector count %zd\n", writev(fd, parts, -1));
    int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDONLY);
    memset(text, 'x', sizeof text);
    printf("null %zd %zd", write(null, "gone", 4), read(null, text, 4));
    got = read(zero, text, 4);
    printf(", zero %zd %d\n", got, text[0]);
    return 0;
}
