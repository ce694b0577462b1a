// Maps, protects and unmaps memory; a write(2) from a page shows whether it can be read.
//@ file: data/letters = abcdefghijklmnopqrstuvwxyz
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 };

static int probe;

static const char *readable(const char *at)
{
    return write(probe, at, 1) == 1 ? "yes" : errno == EFAULT ? "no" : "?";
}

static const char *writable(char *at)
{
    return pread(probe, at, 1, 0) == 1 ? "yes" : errno == EFAULT ? "no" : "?";
}

static void anonymous(void)
{
    char *base = mmap(0, 5 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    strcpy(base, "first");
    strcpy(base + 2 * PAGE, "third");
    printf("munmap %d\n", munmap(base + PAGE, PAGE));
    printf("readable %s %s %s\n", readable(base), readable(base + PAGE), readable(base + 2 * PAGE));
    printf("protect %d\n", mprotect(base + 2 * PAGE, PAGE, PROT_READ));
    printf("third %s, readable %s, writable %s\n", base + 2 * PAGE, readable(base + 2 * PAGE), writable(base + 2 * PAGE));
    printf("none %d\n", mprotect(base + 2 * PAGE, PAGE, PROT_NONE));
    printf("readable %s\n", readable(base + 2 * PAGE));
    mprotect(base + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE);
    printf("kept %s\n", base + 2 * PAGE);
    errno = 0;
    printf("over a hole %d", mprotect(base, 3 * PAGE, PROT_READ));
    printf(" %s\n", strerrorname_np(errno));
    char *again = mmap(base + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    printf("fixed in place %d, zeroed %d\n", again == base + 2 * PAGE, again[0] == 0);
    char *refused = mmap(again, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    printf("not replaced %d\n", refused == MAP_FAILED && errno == EEXIST);
    strcpy(base + 3 * PAGE, "fourth");
    printf("madvise %d", madvise(base + 3 * PAGE, PAGE, MADV_DONTNEED));
    printf(" zeroed %d\n", base[3 * PAGE] == 0);
    printf("all gone %d", munmap(base, 5 * PAGE));
    printf(", twice %d\n", munmap(base, 5 * PAGE));
}

static void of_file(void)
{
    int fd = open("data/letters", O_RDWR);
    char *copy = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0), back[4] = "";
    printf("%.5s, behind the end %d\n", copy, copy[PAGE - 1]);
    memcpy(copy, "ABC", 3);
    pread(fd, back, 3, 0);
    printf("copy %.5s, file %s\n", copy, back);
    close(fd);
    printf("after close %.5s\n", copy + 3);
    munmap(copy, 2 * PAGE);
}

int main(void)
{
    probe = open("tmp/probe", O_CREAT | O_RDWR, 0600);
    write(probe, "p", 1);
    anonymous();
    of_file();
    return 0;
}
