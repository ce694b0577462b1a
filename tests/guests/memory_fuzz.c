// Random system calls on a window of memory, from a seed: a digest of all results and of all bytes must be that of Linux.
// A third argument prints each call, to find the first that differs.
//@ args: 1 4000
//@ args: 2 4000
//@ args: 3 4000
//@ forms: static-pie
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 1600, FILE_PAGES = 40, RW = PROT_READ | PROT_WRITE };

static char *const window = (char *)0x200000000000;
static uint64_t state, digest = 1469598103934665603u;
static int probe, file, reader, is_loud;

static uint64_t number(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 33;
}

static uint64_t below(uint64_t end) { return number() % end; }

static void add(uint64_t value)
{
    digest = (digest ^ value) * 1099511628211u;
}

static void result(const char *what, long a, long b, long c, long found)
{
    add(found == -1 ? -errno : found);
    if (is_loud)
        printf("%s(%ld, %ld, %ld) = %ld %s\n", what, a, b, c, found, found == -1 ? strerrorname_np(errno) : "");
}

// Now and then a number that no sane program would use.
static long odd(long sane)
{
    static const uint64_t numbers[] = { 0, 1, 4095, 4097, -1, -4096, 1ul << 47, (1ul << 47) - 4096, 1ul << 63, 0x7fffffffffffffff };
    return below(40) ? sane : (long)numbers[below(sizeof numbers / sizeof *numbers)];
}

static long length(void)
{
    return odd((below(8) ? 1 + below(24) : 1 + below(PAGES / 2)) * PAGE - (below(4) ? 0 : below(PAGE)));
}

static long place(void)
{
    return (long)window + odd(below(PAGES) * PAGE);
}

static int protection(void)
{
    static const int all[] = { 0, PROT_READ, RW, RW, RW, PROT_READ | PROT_EXEC, PROT_WRITE };
    return all[below(7)];
}

static int is_inside(long at, long len)
{
    long end = (long)window + PAGES * PAGE;
    return at >= (long)window && len >= 0 && at <= end && len <= end - at;
}

static void map(void)
{
    long at = place(), len = length();
    int protect = protection(), fixed = below(5) ? MAP_FIXED : MAP_FIXED_NOREPLACE;
    if (!is_inside(at, len) && at % PAGE == 0)
        return;
    int kind = below(6), flags = kind % 2 ? MAP_PRIVATE : MAP_SHARED, fd = kind < 2 ? file : kind == 2 ? reader : -1;
    if (fd < 0)
        flags |= MAP_ANONYMOUS;
    long offset = fd < 0 ? 0 : odd(below(FILE_PAGES) * PAGE);
    long found = syscall(SYS_mmap, at, len, protect, flags | fixed, fd, offset);
    result("mmap", (at - (long)window) / PAGE, len, protect * 100 + kind, found == at ? 0 : found);
}

// Of what was mapped just now: Linux does not always join areas that could be one, and moves one area at a time.
static void move(void)
{
    long from = place(), to = place(), old = length(), new = length();
    int keep = below(4) == 0, kind = below(4);
    if (!is_inside(to, new) || !is_inside(from, old))
        return;
    int flags = (kind % 2 ? MAP_PRIVATE : MAP_SHARED) | (kind < 2 ? 0 : MAP_ANONYMOUS) | MAP_FIXED;
    if (mmap((void *)from, old, RW, flags, kind < 2 ? file : -1, kind < 2 ? below(FILE_PAGES) * PAGE : 0) != (void *)from)
        return;
    for (int count = 0; count < 3; count++) {
        char byte = (char)(1 + below(255));
        pwrite(probe, &byte, 1, 0);
        result("fill", 0, byte, 0, pread(probe, (char *)from + below(old), 1, 0));
    }
    flags = MREMAP_MAYMOVE | MREMAP_FIXED | (keep ? MREMAP_DONTUNMAP : 0);
    long found = syscall(SYS_mremap, from, old, keep ? old : new, flags, to);
    result("mremap", (from - (long)window) / PAGE, old, new, found == to ? 0 : found);
}

static void advise(void)
{
    static const int all[] = { MADV_DONTNEED, MADV_DONTNEED, MADV_NORMAL, MADV_WILLNEED, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_DONTDUMP, 22, 23, 24, 9999 };
    long at = place(), len = length();
    int advice = all[below(11)];
    // It goes on behind a hole, up to the stack.
    if (!is_inside(at, len) && len != -PAGE && len != -1)
        return;
    result("madvise", (at - (long)window) / PAGE, len, advice, syscall(SYS_madvise, at, len, advice));
}

static void touch(void)
{
    char *at = window + below(PAGES) * PAGE;
    char byte = (char)(1 + below(255));
    pwrite(probe, &byte, 1, 0);
    result("write to", (at - window) / PAGE, byte, 0, pread(probe, at, 1, 0));
}

static void change_file(void)
{
    char byte = (char)(1 + below(255));
    if (below(4))
        result("pwrite", byte, 0, 0, pwrite(file, &byte, 1, below(FILE_PAGES) * PAGE));
    else
        result("ftruncate", 0, 0, 0, ftruncate(file, below(FILE_PAGES) * PAGE));
}

static void lock(void)
{
    long at = place(), len = length();
    // No more than the machine has.
    if (below(3))
        result("munlock", (at - (long)window) / PAGE, len, 0, syscall(SYS_munlock, at, len));
    else if (len > 0 && len < 64 * PAGE)
        result("mlock2", (at - (long)window) / PAGE, len, 0, syscall(SYS_mlock2, at, len, 1));
}

// Each byte that can be read, and which can't.
static void look(void)
{
    for (int page = 0; page < PAGES; page++) {
        char byte = 0;
        long found = pwrite(probe, window + page * PAGE, 1, 0);
        if (found == 1)
            pread(probe, &byte, 1, 0);
        add(found == 1 ? byte : -errno);
        if (is_loud > 1)
            printf("%d: %d %d\n", page, (int)found, byte);
    }
    for (int page = 0; page < FILE_PAGES; page++) {
        char byte = 0;
        add(pread(file, &byte, 1, page * PAGE) * 1000 + byte);
    }
}

static void step(void)
{
    long at = place(), len = length();
    switch (below(16)) {
    case 0: case 1: case 2: case 3: map(); break;
    case 4: if (is_inside(at, len)) result("munmap", (at - (long)window) / PAGE, len, 0, syscall(SYS_munmap, at, len)); break;
    case 5: case 6: { int protect = protection(); result("mprotect", (at - (long)window) / PAGE, len, protect, syscall(SYS_mprotect, at, len, protect)); break; }
    case 7: case 8: move(); break;
    case 9: advise(); break;
    case 10: change_file(); break;
    case 11: lock(); break;
    case 12: { int how = (int)below(8); result("msync", (at - (long)window) / PAGE, len, how, syscall(SYS_msync, at, len, how)); break; }
    default: touch();
    }
}

int main(int argc, char **argv)
{
    state = argc > 1 ? strtoul(argv[1], 0, 0) : 1;
    long count = argc > 2 ? atol(argv[2]) : 1000;
    is_loud = argc > 3 ? atoi(argv[3]) : 0;
    setvbuf(stdout, 0, _IOLBF, BUFSIZ);
    probe = open("tmp/probe", O_CREAT | O_RDWR, 0600);
    file = open("tmp/file", O_CREAT | O_RDWR | O_TRUNC, 0600);
    reader = open("tmp/file", O_RDONLY);
    for (long done = 1; done <= count; done++) {
        step();
        if (done % 100 == 0)
            look();
        if (done % 1000 == 0)
            printf("after %ld calls: %016lx\n", done, digest);
    }
    return 0;
}
