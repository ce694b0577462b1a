// Fills the memory with files: each call fails with ENOSPC, what is there stays, and removing makes room.
//@ native: no
//@ memory: 24M
//@ forms: static-pie
//@ stdout: 1 writing ended: ENOSPC\n2 what was written is there: 1\n3 a new file: ENOSPC, a folder: ENOSPC, allocating: ENOSPC\n4 nothing of the allocation is left: 1\n5 there is room again: ok\n6 as much as before: 1\n7 names ended: ENOSPC\n8 they are gone: 1, room again: ok\n9 sparse files take none: ok\n
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static char block[65536];
static int number;

static const char *why(long result)
{
    return result < 0 ? strerrorname_np(errno) : "ok";
}

static long fill(int fd)
{
    long all = 0;
    ssize_t got;
    while ((got = write(fd, block, sizeof block)) > 0)
        all += got;
    return all;
}

int main(void)
{
    struct stat facts;
    struct statvfs system;
    char path[64];
    memset(block, 'x', sizeof block);
    int spare = open("/tmp/spare", O_CREAT | O_RDWR, 0600);
    int fd = open("/tmp/fill", O_CREAT | O_RDWR, 0600);
    long first = fill(fd);
    printf("%d writing ended: %s\n", ++number, why(-1));
    fstat(fd, &facts);
    pread(fd, block, 10, first - 10);
    printf("%d what was written is there: %d\n", ++number, facts.st_size == first && !memcmp(block, "xxxxxxxxxx", 10));
    printf("%d a new file: %s", ++number, why(open("/tmp/new", O_CREAT | O_WRONLY, 0600)));
    printf(", a folder: %s", why(mkdir("/tmp/folder", 0700)));
    printf(", allocating: %s\n", why(fallocate(spare, 0, 0, 1 << 20)));
    fstat(spare, &facts);
    printf("%d nothing of the allocation is left: %d\n", ++number, facts.st_size == 0 && facts.st_blocks == 0);
    close(fd);
    unlink("/tmp/fill");
    fd = open("/tmp/again", O_CREAT | O_RDWR, 0600);
    printf("%d there is room again: %s\n", ++number, why(fd));
    long second = fill(fd);
    printf("%d as much as before: %d\n", ++number, labs(second - first) < (1 << 20));
    ftruncate(fd, 0);
    int names = 0;
    for (;; names++) {
        snprintf(path, sizeof path, "/tmp/name-%d", names);
        int one = open(path, O_CREAT | O_WRONLY, 0600);
        if (one < 0)
            break;
        close(one);
    }
    printf("%d names ended: %s\n", ++number, why(-1));
    int gone = 0;
    for (int i = 0; i < names; i++) {
        snprintf(path, sizeof path, "/tmp/name-%d", i);
        gone += !unlink(path);
    }
    printf("%d they are gone: %d, room again: %s\n", ++number, gone == names && names > 1000, why(pwrite(fd, block, sizeof block, 0)));
    statvfs("/tmp", &system);
    long free = system.f_bfree;
    int good = ftruncate(spare, 1ll << 50) == 0;
    for (int i = 0; i < 200; i++)
        good &= pread(spare, block, sizeof block, i * 1000003ll) == sizeof block && block[77] == 0;
    statvfs("/tmp", &system);
    printf("%d sparse files take none: %s\n", ++number, good && system.f_bfree + 8 > free ? "ok" : "no");
    return 0;
}
