// Areas of memory: where they go, how they split, join, move, grow. A read(2) or write(2) shows what may be touched, and
// /proc/self/maps how many areas there are.
//@ args: place
//@ args: protect
//@ args: reserve
//@ args: move
//@ args: grow
//@ forms: pie
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, RW = PROT_READ | PROT_WRITE, ANON = MAP_PRIVATE | MAP_ANONYMOUS };

static int probe, number;

static int readable(const void *at) { return pwrite(probe, at, 1, 0) == 1; }

static int writable(void *at) { char was = readable(at) ? *(char *)at : 0; return pwrite(probe, &was, 1, 0) == 1 && pread(probe, at, 1, 0) == 1; }

static char *map(void *at, size_t pages, int protection, int flags) { return mmap(at, pages * PAGE, protection, flags, -1, 0); }

static const char *error(long result) { return result == -1 ? strerrorname_np(errno) : "ok"; }

static const char *failed(void *mapped) { return error(mapped == MAP_FAILED ? -1 : 0); }

// How many areas begin or end within some pages.
static int areas(char *from, size_t pages)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    int count = 0;
    for (uintptr_t start, end; fgets(line, sizeof line, maps);)
        if (sscanf(line, "%lx-%lx", &start, &end) == 2)
            count += start < (uintptr_t)from + pages * PAGE && end > (uintptr_t)from;
    fclose(maps);
    return count;
}

#define CASE(what, format, ...) printf("%d %s: " format "\n", ++number, what, __VA_ARGS__)

// Does something first, and shows what became of it.
#define DO(what, call, ...) do { long done = (long)(call); printf("%d %s: %s", ++number, what, error(done)); printf("" __VA_ARGS__); puts(""); } while (0)

// Free room with a hole behind it, so that neighbours join only where they shall.
static char *room(size_t pages)
{
    char *at = map(0, pages + 2, PROT_NONE, ANON);
    munmap(at, (pages + 2) * PAGE);
    return at + PAGE;
}

static void place(void)
{
    char *at = room(8);
    CASE("hint", "%d", map(at, 2, RW, ANON) == at);
    CASE("hint within a page", "%d", map(at + 4 * PAGE + 5, 1, RW, ANON) == at + 4 * PAGE);
    CASE("hint that is taken", "%d", map(at, 1, RW, ANON) != at);
    strcpy(at, "old");
    DO("fixed", map(at, 1, RW, ANON | MAP_FIXED), ", zeroed %d", at[0] == 0);
    DO("fixed at no page", map(at + 1, 1, RW, ANON | MAP_FIXED));
    DO("not replaced", map(at + PAGE, 1, RW, ANON | MAP_FIXED_NOREPLACE));
    CASE("free and not replaced", "%d", map(at + 2 * PAGE, 1, RW, ANON | MAP_FIXED_NOREPLACE) == at + 2 * PAGE);
    DO("beyond the end", map((char *)0x7ffffffff000, 1, RW, ANON | MAP_FIXED));
    DO("nothing", map(0, 0, RW, ANON));
    DO("everything", mmap(0, (size_t)1 << 47, RW, ANON | MAP_NORESERVE, -1, 0));
    DO("neither shared nor private", map(0, 1, RW, MAP_ANONYMOUS));
    DO("no file", mmap(0, PAGE, RW, MAP_PRIVATE, -1, 0));
    DO("offset within a page", mmap(0, PAGE, RW, MAP_PRIVATE, probe, 5));
    char *low = map(0, 3, RW, ANON | MAP_32BIT);
    CASE("low", "%d", low != MAP_FAILED && (uintptr_t)low < (uintptr_t)1 << 31);
    DO("unknown flag validated", mmap(0, PAGE, RW, MAP_SHARED_VALIDATE | (1 << 24), probe, 0));
    DO("unmapping twice", munmap(at, 8 * PAGE), " %s", error(munmap(at, 8 * PAGE)));
    DO("unmapping no page", munmap(at + 1, PAGE));
    DO("unmapping nothing", munmap(at, 0));
}

static void protect(void)
{
    char *at = map(room(8), 8, RW, ANON);
    memset(at, 'x', 8 * PAGE);
    CASE("one area", "%d", areas(at, 8));
    DO("protect the middle", mprotect(at + 3 * PAGE, PAGE, PROT_READ), ", areas %d", areas(at, 8));
    CASE("it can be read", "%d, written %d", readable(at + 3 * PAGE), writable(at + 3 * PAGE));
    CASE("its neighbours can be written", "%d %d", writable(at + 2 * PAGE), writable(at + 4 * PAGE));
    DO("protect the next", mprotect(at + 4 * PAGE, PAGE, PROT_READ), ", areas %d", areas(at, 8));
    DO("nothing allowed", mprotect(at + 3 * PAGE, PAGE, PROT_NONE), ", read %d", readable(at + 3 * PAGE));
    DO("all back", mprotect(at, 8 * PAGE, RW), ", areas %d, kept %c", areas(at, 8), at[3 * PAGE]);
    DO("unmap the middle", munmap(at + 4 * PAGE, PAGE), ", areas %d", areas(at, 8));
    DO("over a hole", mprotect(at, 8 * PAGE, PROT_READ));
    CASE("what came before is protected", "%d, what came behind %d", writable(at), writable(at + 5 * PAGE));
    mprotect(at, 4 * PAGE, RW);
    DO("fill the hole", map(at + 4 * PAGE, 1, RW, ANON | MAP_FIXED), ", areas %d", areas(at, 8));
    DO("no page", mprotect(at + 1, PAGE, RW));
    DO("nothing", mprotect(at, 0, RW));
    DO("unknown protection", mprotect(at, PAGE, 1 << 20));
    DO("downwards of no stack", mprotect(at, PAGE, RW | PROT_GROWSDOWN));
    for (int page = 0; page < 8; page += 2)
        mprotect(at + page * PAGE, PAGE, PROT_READ);
    CASE("every other page", "areas %d", areas(at, 8));
    DO("unmap across", munmap(at + PAGE, 5 * PAGE), ", areas %d, kept %c", areas(at, 8), at[6 * PAGE]);
    size_t huge = 16 << 20;
    char *large = mmap(0, huge, RW, ANON, -1, 0);
    memset(large, 'L', huge);
    mprotect(large + (5 << 20), PAGE, PROT_READ);
    munmap(large + (9 << 20) + 7 * PAGE, 3 * PAGE);
    CASE("16 MiB with a page protected", "%d %d", writable(large + (5 << 20)), writable(large + (5 << 20) + PAGE));
    CASE("and three unmapped", "%d %d %d", readable(large + (9 << 20) + 6 * PAGE), readable(large + (9 << 20) + 7 * PAGE), readable(large + (9 << 20) + 10 * PAGE));
    long left = 0;
    for (size_t byte = 0; byte < huge; byte += PAGE)
        left += readable(large + byte) && large[byte] == 'L';
    CASE("pages with their bytes", "%ld", left);
}

// More memory than any machine has, never promised.
static void reserve(void)
{
    size_t size = (size_t)1 << 44, third = size / 4096 / 3 * 4096;
    char *at = mmap(0, size, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
    DO("written to from now on", mprotect(at, size, RW));
    at[0] = at[size - 1] = 'x';
    DO("a third that is not", mprotect(at + third, third, PROT_READ), ", and is again %s", error(mprotect(at + third, third, RW)));
    CASE("one area", "%d %c%c", areas(at, size / PAGE), at[0], at[size - 1]);
    char *longer = mremap(at, size, 2 * size, MREMAP_MAYMOVE);
    CASE("longer", "%s, %c%c", failed(longer), longer[0], longer[size - 1]);
    longer[2 * size - 1] = 'y';
    DO("moved", munmap(longer + PAGE, 2 * size - PAGE), " %d", longer[0] == 'x');
    char *shared = mmap(0, size, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CASE("shared", "%s", failed(shared));
    shared[size - 1] = 's';
    CASE("its end", "%c", shared[size - 1]);
    char *two = mmap(0, 2 * PAGE, RW, ANON, -1, 0);
    mmap(two, PAGE, RW, ANON | MAP_FIXED | MAP_NORESERVE, -1, 0);
    CASE("not one with what was promised", "%d", areas(two, 2));
}

static void move(void)
{
    char *at = map(room(8), 4, RW, ANON);
    for (int page = 0; page < 4; page++)
        at[page * PAGE] = 'a' + page;
    DO("shrink", mremap(at, 4 * PAGE, 2 * PAGE, 0), ", behind %d", readable(at + 2 * PAGE));
    DO("grow in place", mremap(at, 2 * PAGE, 4 * PAGE, 0), ", zeroed %d, areas %d", at[2 * PAGE] == 0, areas(at, 4));
    map(at + 4 * PAGE, 1, PROT_READ, ANON | MAP_FIXED);
    DO("no room", mremap(at, 4 * PAGE, 6 * PAGE, 0));
    char *moved = mremap(at, 4 * PAGE, 6 * PAGE, MREMAP_MAYMOVE);
    CASE("moved", "%d, bytes %c%c, left %d, new zeroed %d", moved != at && moved != MAP_FAILED, moved[0], moved[PAGE], readable(at), moved[5 * PAGE] == 0);
    char *target = room(6);
    DO("fixed", mremap(moved, 6 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target), ", bytes %c%c", target[0], target[PAGE]);
    CASE("what was cut off is gone", "%d %d", readable(moved + 4 * PAGE), readable(target + 3 * PAGE));
    DO("fixed without moving", mremap(target, PAGE, PAGE, MREMAP_FIXED, moved));
    DO("onto itself", mremap(target, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + PAGE));
    DO("to no page", mremap(target, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, moved + 1));
    DO("of length 0", mremap(target, PAGE, 0, MREMAP_MAYMOVE));
    DO("private from length 0", mremap(target, 0, PAGE, MREMAP_MAYMOVE));
    DO("unmapped", mremap(moved, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
    DO("unknown flag", mremap(target, PAGE, PAGE, 64));
    // Linux 6.17 says EINVAL to what is too long before it looks at anything else, others ENOMEM.
    CASE("longer than a program can be", "%d %d", mremap(target, PAGE, (size_t)1 << 47, MREMAP_MAYMOVE) == MAP_FAILED, mremap(target, PAGE, -PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
    DO("shorter than what no program can be", mremap(target, (size_t)1 << 48, PAGE, 0), ", %s", failed(mremap(target, (size_t)1 << 46, (size_t)1 << 46, 0)));
    char *kept = mremap(target, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
    CASE("left mapped", "%d, bytes %c%c, zeroed there %d", kept != target && kept != MAP_FAILED, kept[0], kept[PAGE], target[0] == 0 && target[PAGE] == 0);
    DO("left mapped, longer", mremap(target, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP));
    char *shared = map(0, 2, RW, MAP_SHARED | MAP_ANONYMOUS);
    strcpy(shared, "twice");
    char *second = mremap(shared, 0, 2 * PAGE, MREMAP_MAYMOVE);
    second[4] = 'E';
    CASE("shared from length 0", "%d %s", second != shared, shared);
    char *longer = mremap(shared, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE);
    CASE("shared and longer than it is", "%s, behind %d", longer, readable(longer + 2 * PAGE));
    size_t huge = 6 << 20;
    char *large = mmap(0, huge, RW, ANON, -1, 0);
    for (size_t byte = 0; byte < huge; byte += PAGE)
        large[byte] = (char)(byte / PAGE % 100);
    large = mremap(large, huge, 5 * huge, MREMAP_MAYMOVE);
    long right = 0;
    for (size_t byte = 0; byte < huge; byte += PAGE)
        right += large[byte] == (char)(byte / PAGE % 100);
    CASE("6 MiB to 30", "%ld", right);
}

static int deep(int depth)
{
    volatile char here[8000];
    here[0] = (char)depth;
    return depth == 0 ? 0 : deep(depth - 1) + (here[0] == (char)depth);
}

static void grow(void)
{
    CASE("stack of 4 MB", "%d", deep(500));
    char *top = map(room(600), 600, PROT_NONE, ANON);
    munmap(top, 600 * PAGE);
    char *stack = map(top + 599 * PAGE, 1, RW, ANON | MAP_GROWSDOWN | MAP_FIXED);
    CASE("grows downwards", "%d", stack == top + 599 * PAGE && writable(stack - PAGE) && writable(stack - 100 * PAGE));
    CASE("areas", "%d", areas(stack - 100 * PAGE, 101));
    DO("protected with what it grew by", mprotect(stack, PAGE, PROT_READ | PROT_GROWSDOWN), " %d", readable(stack - 100 * PAGE));
    mprotect(stack - 100 * PAGE, 101 * PAGE, RW);
    map(top, 1, RW, ANON | MAP_FIXED);
    CASE("not near another", "%d %d", writable(top + 300 * PAGE), writable(top + 200 * PAGE));
    DO("shared can't grow", map(0, 1, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN));
    char *end = sbrk(0);
    DO("break moves", sbrk(10000), " by %ld", (char *)sbrk(0) - end);
    memset(end, 'b', 10000);
    CASE("and back", "%d", brk(end + 1) == 0 && sbrk(0) == end + 1 && end[0] == 'b');
    CASE("zeroed again", "%d", sbrk(10000) == end + 1 && end[9000] == 0);
    char *beyond = (char *)(((uintptr_t)sbrk(0) + 64 * PAGE) & ~(uintptr_t)(PAGE - 1));
    map(beyond, 1, RW, ANON | MAP_FIXED);
    DO("not over a mapping", brk(beyond + PAGE));
    DO("up to it", brk(beyond - PAGE));
    DO("too much", brk((char *)sbrk(0) + ((uintptr_t)1 << 40)));
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    probe = open("tmp/probe", O_CREAT | O_RDWR, 0600);
    setvbuf(stdout, 0, _IOLBF, BUFSIZ);
    if (!strcmp(what, "place"))
        place();
    if (!strcmp(what, "protect"))
        protect();
    if (!strcmp(what, "reserve"))
        reserve();
    if (!strcmp(what, "move"))
        move();
    if (!strcmp(what, "grow"))
        grow();
    return 0;
}
