// Counts what system calls cost, on whatever kernel runs it: our own, or Linux with this program as its init.
//
// Under QEMU's -icount shift=0 the time stamp counter counts guest instructions. The least of some rounds is taken, because
// timer interrupts fall into the others. A line each: `cost NAME INSTRUCTIONS`.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 9, CALLS = 200, PAGES = 256, PAGE = 4096, MEGABYTE = 1 << 20 };

static const char path[] = "/cost.data";
static char buffer[MEGABYTE];
static char *pages;
static int file;

static inline uint64_t ticks(void)
{
    uint32_t low, high;
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static inline long call0(long number)
{
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number) : "rcx", "r11", "memory");
    return result;
}

static void must(int holds, const char *what)
{
    if (!holds) {
        perror(what);
        exit(1);
    }
}

static void get_pid(int index)
{
    (void)index;
    call0(SYS_getpid);
}

static void clock_time(int index)
{
    struct timespec now;
    (void)index;
    clock_gettime(CLOCK_MONOTONIC, &now);
}

static void touch(int index)
{
    pages[(size_t)index * PAGE] = 1;
}

static void map_unmap(int index)
{
    (void)index;
    void *at = mmap(0, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(at, 16 * PAGE);
}

static void open_read_close(int index)
{
    (void)index;
    int fd = open(path, O_RDONLY);
    must(read(fd, buffer, 64) == 64, "read");
    close(fd);
}

static void read_megabyte(int index)
{
    (void)index;
    must(pread(file, buffer, MEGABYTE, 0) == MEGABYTE, "pread");
}

static void stat_path(int index)
{
    struct stat facts;
    (void)index;
    must(stat(path, &facts) == 0, "stat");
}

// Prints what one of n calls of f costs at best.
static void cost(const char *name, void (*f)(int), int n)
{
    uint64_t best = UINT64_MAX;
    for (int round = 0; round < ROUNDS; round++) {
        if (f == touch)
            pages = mmap(0, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        uint64_t start = ticks();
        for (int index = 0; index < n; index++)
            f(index);
        uint64_t used = ticks() - start;
        if (used < best)
            best = used;
        if (f == touch)
            munmap(pages, PAGES * PAGE);
    }
    printf("cost %s %lu\n", name, (unsigned long)(best / (unsigned)n));
}

int main(void)
{
    file = open(path, O_CREAT | O_RDWR | O_TRUNC, 0600);
    must(file >= 0, path);
    memset(buffer, 'x', sizeof buffer);
    must(write(file, buffer, sizeof buffer) == sizeof buffer, "write");
    cost("getpid", get_pid, CALLS);
    cost("clock_gettime", clock_time, CALLS);
    cost("page-fault", touch, PAGES);
    cost("mmap-munmap", map_unmap, CALLS);
    cost("open-read-close", open_read_close, CALLS);
    cost("read-1MB", read_megabyte, 4);
    cost("stat", stat_path, CALLS);
    puts("cost end 0");
    fflush(stdout);
    // Linux has nobody else to go on with.
    for (;;)
        pause();
}
