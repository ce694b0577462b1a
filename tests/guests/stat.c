// Looks at the fields of stat(2).
//@ file: data/file = 12345
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void show(const char *name, int result, const struct stat *facts)
{
    printf("%s: %d type %o links %d size %lld block %d\n", name, result, (unsigned)facts->st_mode & S_IFMT,
           facts->st_nlink > 0, S_ISREG(facts->st_mode) ? (long long)facts->st_size : 0, facts->st_blksize > 0);
}

int main(void)
{
    struct stat facts, again;
    struct statx extended;
    show("folder", stat("data", &facts), &facts);
    show("file", stat("data/file", &facts), &facts);
    int fd = open("data/file", O_RDONLY);
    show("descriptor", fstat(fd, &again), &again);
    printf("same %d\n", facts.st_ino == again.st_ino && facts.st_dev == again.st_dev);
    show("at", fstatat(fd, "", &again, AT_EMPTY_PATH), &again);
    printf("statx %d", statx(AT_FDCWD, "data/file", 0, STATX_BASIC_STATS, &extended));
    printf(" size %llu mask %d\n", (unsigned long long)extended.stx_size, (extended.stx_mask & STATX_SIZE) != 0);
    fd = open("tmp/new", O_CREAT | O_RDWR, 0640);
    umask(0);
    int wide = open("tmp/wide", O_CREAT | O_RDWR, 0666);
    fstat(fd, &facts);
    fstat(wide, &again);
    printf("modes %o %o, different %d\n", facts.st_mode & 0777, again.st_mode & 0777, facts.st_ino != again.st_ino);
    show("missing", stat("data/none", &facts), &again);
    return 0;
}
