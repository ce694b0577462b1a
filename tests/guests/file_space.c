// Files with holes: where the bytes are, what is taken ahead and given back.
//@ file: data/file = 0123456789
//@ forms: static-pie
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096

static int number;

static const char *why(long result)
{
    return result < 0 ? strerrorname_np(errno) : "ok";
}

static void map(const char *what, int fd)
{
    struct stat facts;
    fstat(fd, &facts);
    printf("%d %s: %lld bytes, %lld pages:", ++number, what, (long long)facts.st_size, (long long)facts.st_blocks / 8);
    off_t at = 0;
    while (at < facts.st_size) {
        off_t data = lseek(fd, at, SEEK_DATA);
        if (data < 0)
            break;
        off_t hole = lseek(fd, data, SEEK_HOLE);
        printf(" %lld-%lld", (long long)data, (long long)hole);
        at = hole;
    }
    printf("\n");
}

static int sum(int fd, off_t from, size_t len)
{
    static unsigned char bytes[64 * PAGE];
    int sum = 0;
    ssize_t got = pread(fd, bytes, len, from);
    for (ssize_t i = 0; i < got; i++)
        sum += bytes[i];
    return got < 0 ? -1 : sum;
}

int main(void)
{
    static char page[PAGE];
    memset(page, 1, PAGE);
    int fd = open("tmp/sparse", O_CREAT | O_RDWR, 0600);
    map("empty", fd);
    pwrite(fd, page, PAGE, 4 * PAGE);
    map("one page behind a hole", fd);
    ftruncate(fd, 100 * PAGE);
    map("made longer", fd);
    pwrite(fd, "x", 1, 50 * PAGE + 7);
    map("a byte far away", fd);
    printf("%d hole reads as %d, data as %d\n", ++number, sum(fd, 0, 4 * PAGE), sum(fd, 4 * PAGE, 2 * PAGE));
    printf("%d data at the end: %s", ++number, why(lseek(fd, 100 * PAGE, SEEK_DATA)));
    printf(", behind the last: %s", why(lseek(fd, 60 * PAGE, SEEK_DATA)));
    printf(", hole there: %lld", (long long)lseek(fd, 60 * PAGE, SEEK_HOLE));
    printf(", before the start: %s\n", why(lseek(fd, -1, SEEK_DATA)));
    printf("%d fallocate %s", ++number, why(fallocate(fd, 0, 10 * PAGE, 2 * PAGE)));
    printf(", reads as %d", sum(fd, 10 * PAGE, 2 * PAGE));
    printf(", behind the end %s", why(fallocate(fd, 0, 100 * PAGE, 100)));
    struct stat facts;
    fstat(fd, &facts);
    printf(", %lld bytes\n", (long long)facts.st_size);
    printf("%d keeping the size %s", ++number, why(fallocate(fd, FALLOC_FL_KEEP_SIZE, 110 * PAGE, PAGE)));
    fstat(fd, &facts);
    printf(", %lld bytes\n", (long long)facts.st_size);
    printf("%d punch %s", ++number, why(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4 * PAGE + 100, 8 * PAGE)));
    printf(", left %d", sum(fd, 4 * PAGE, 8 * PAGE));
    fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 50 * PAGE, 2 * PAGE);
    fstat(fd, &facts);
    printf(", %lld bytes\n", (long long)facts.st_size);
    printf("%d punch alone %s", ++number, why(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, PAGE)));
    printf(", nothing %s", why(fallocate(fd, 0, 0, 0)));
    printf(", negative %s", why(fallocate(fd, 0, -1, PAGE)));
    printf(", too large %s", why(fallocate(fd, 0, 0x7ffffffffffff000, PAGE)));
    printf(", unknown %s\n", why(fallocate(fd, 0x1000, 0, PAGE)));
    pwrite(fd, page, PAGE, 20 * PAGE);
    printf("%d zero %s", ++number, why(fallocate(fd, FALLOC_FL_ZERO_RANGE, 20 * PAGE + 10, 3000)));
    printf(", left %d\n", sum(fd, 20 * PAGE, PAGE));
    ftruncate(fd, 20 * PAGE + 5);
    ftruncate(fd, 30 * PAGE);
    printf("%d cut off and longer: %d left\n", ++number, sum(fd, 20 * PAGE, 10 * PAGE));
    // The image's own bytes become holes.
    int old = open("data/file", O_RDWR);
    printf("%d of the image: punch %s", ++number, why(fallocate(old, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2, 3)));
    char text[16] = "";
    pread(old, text, 10, 0);
    for (int i = 0; i < 10; i++)
        putchar(text[i] ? text[i] : '.');
    printf(", all %s", why(fallocate(old, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE)));
    fstat(old, &facts);
    printf(", %lld bytes, %lld pages, data %s\n", (long long)facts.st_size, (long long)facts.st_blocks, why(lseek(old, 0, SEEK_DATA)));
    pwrite(old, "new", 3, 4);
    pread(old, text, 10, 0);
    for (int i = 0; i < 10; i++)
        putchar(text[i] ? text[i] : '.');
    printf("\n");
    // A hole that is mapped.
    char *mapped = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    mapped[5] = 7;
    printf("%d written through a mapping: %d", ++number, sum(fd, 0, PAGE));
    fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE);
    printf(", punched %d", mapped[5]);
    mapped[6] = 8;
    printf(", written again %d\n", sum(fd, 0, PAGE));
    // Enormous, and nearly empty.
    int huge = open("tmp/huge", O_CREAT | O_RDWR, 0600);
    printf("%d a terabyte: %s", ++number, why(ftruncate(huge, 1ll << 40)));
    printf(", its last byte %zd", pwrite(huge, "!", 1, (1ll << 40) - 1));
    printf(", data at %#llx", (unsigned long long)lseek(huge, 0, SEEK_DATA));
    printf(", hole at %#llx\n", (unsigned long long)lseek(huge, 0, SEEK_HOLE));
    printf("%d negative %s", ++number, why(ftruncate(huge, -1)));
    int reader = open("tmp/huge", O_RDONLY);
    printf(", read only %s", why(ftruncate(reader, 0)));
    printf(", allocate %s", why(fallocate(reader, 0, 0, 1)));
    printf(", folder %s", why(truncate("tmp", 0)));
    printf(", nothing %s\n", why(truncate("tmp/none", 0)));
    return 0;
}
