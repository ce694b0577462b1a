// Files in memory, and what a program says about its memory.
//@ args: shared
//@ args: private
//@ args: advice
//@ args: lock
//@ forms: pie
//@ file: data/archived = as it lies in the image
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, RW = PROT_READ | PROT_WRITE, ANON = MAP_PRIVATE | MAP_ANONYMOUS };
enum { POPULATE_READ = 22, POPULATE_WRITE = 23, ONFAULT = 1, LOCK_ONFAULT = 4 };

static int probe, number;

static int readable(const void *at) { return pwrite(probe, at, 1, 0) == 1; }

static const char *error(long result) { return result == -1 ? strerrorname_np(errno) : "ok"; }

static const char *failed(void *mapped) { return error(mapped == MAP_FAILED ? -1 : 0); }

static char *map(size_t pages, int flags) { return mmap(0, pages * PAGE, RW, flags | MAP_ANONYMOUS, -1, 0); }

#define CASE(what, format, ...) printf("%d %s: " format "\n", ++number, what, __VA_ARGS__)

// Does something first, and shows what became of it.
#define DO(what, call, ...) do { long done = (long)(call); printf("%d %s: %s", ++number, what, error(done)); printf("" __VA_ARGS__); puts(""); } while (0)

static int file(const char *path, size_t size)
{
    int fd = open(path, O_CREAT | O_RDWR | O_TRUNC, 0600);
    for (size_t at = 0; at < size; at++)
        if (at % PAGE == 0)
            pwrite(fd, "ABCDEFGH" + at / PAGE % 8, 1, at);
    ftruncate(fd, size);
    return fd;
}

static char at(int fd, off_t offset)
{
    char byte = '?';
    pread(fd, &byte, 1, offset);
    return byte;
}

static long long modified(int fd)
{
    struct stat found;
    fstat(fd, &found);
    return found.st_mtim.tv_sec * 1000000000LL + found.st_mtim.tv_nsec;
}

static void shared(void)
{
    int fd = file("tmp/shared", 3 * PAGE);
    char *one = mmap(0, 3 * PAGE, RW, MAP_SHARED, fd, 0);
    char *two = mmap(0, PAGE, PROT_READ, MAP_SHARED, fd, PAGE);
    CASE("bytes", "%c%c%c %c", one[0], one[PAGE], one[2 * PAGE], two[0]);
    one[PAGE] = 'x';
    CASE("seen by another mapping", "%c, by read %c", two[0], at(fd, PAGE));
    pwrite(fd, "w", 1, PAGE);
    CASE("a write is seen", "%c %c", one[PAGE], two[0]);
    DO("may be written to", mprotect(two, PAGE, RW));
    close(fd);
    fd = open("tmp/shared", O_RDONLY);
    DO("opened for reading", mmap(0, PAGE, RW, MAP_SHARED, fd, 0));
    char *later = mmap(0, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    DO("writable later", mprotect(later, PAGE, RW));
    close(fd);
    fd = open("tmp/shared", O_RDWR);
    long long before = modified(fd);
    struct timespec pause = { 0, 30000000 };
    nanosleep(&pause, 0);
    one[0] = 'm';
    DO("synced", msync(one, 3 * PAGE, MS_SYNC), ", time moved %d", modified(fd) > before);
    DO("sync both ways", msync(one, PAGE, MS_SYNC | MS_ASYNC));
    DO("sync no page", msync(one + 1, PAGE, MS_SYNC));
    DO("cut off", ftruncate(fd, PAGE), ", page 0 %c, page 1 %d", one[0], readable(one + PAGE));
    DO("longer again", ftruncate(fd, 2 * PAGE), ", page 1 %d", one[PAGE]);
    CASE("behind the end", "%d", readable(one + 2 * PAGE));
    unlink("tmp/shared");
    one[PAGE] = 'u';
    CASE("unlinked", "%c %c", at(fd, PAGE), two[0]);
    munmap(one, 3 * PAGE);
    DO("sync unmapped", msync(one, PAGE, MS_SYNC));
    char *anonymous = map(2, MAP_SHARED);
    strcpy(anonymous, "shared");
    DO("anonymous", madvise(anonymous, PAGE, MADV_DONTNEED), ", its bytes stay: %s", anonymous);
    DO("not to be freed", madvise(anonymous, PAGE, MADV_FREE));
    int zero = open("/dev/zero", O_RDWR);
    char *zeros = mmap(0, PAGE, RW, MAP_SHARED, zero, 0);
    zeros[0] = 'z';
    madvise(zeros, PAGE, MADV_DONTNEED);
    CASE("of /dev/zero", "%c %d", zeros[0], zeros[1]);
    int archived = open("data/archived", O_RDWR);
    char *reader = mmap(0, PAGE, PROT_READ, MAP_SHARED, archived, 0);
    char *copy = mmap(0, PAGE, RW, MAP_PRIVATE, archived, 0);
    CASE("in the image", "%.5s %.5s", reader, copy);
    pwrite(archived, "AS", 2, 0);
    CASE("after a write", "%.5s %.5s", reader, copy);
    copy[3] = 'I';
    pwrite(archived, "!!", 2, 0);
    CASE("copied before the next", "%.5s %.5s", reader, copy);
}

static void private(void)
{
    int fd = file("tmp/private", 3 * PAGE + 100);
    char *one = mmap(0, 5 * PAGE, RW, MAP_PRIVATE, fd, 0);
    char *two = mmap(0, 5 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    one[0] = 'x';
    CASE("a write stays here", "%c %c %c", one[0], two[0], at(fd, 0));
    pwrite(fd, "w", 1, PAGE);
    CASE("a write to the file is seen before the copy", "%c %c", one[PAGE], two[PAGE]);
    one[PAGE + 1] = 'y';
    pwrite(fd, "v", 1, PAGE);
    CASE("but not behind", "%c %c", one[PAGE], two[PAGE]);
    CASE("zeros behind the end", "%d %d", one[3 * PAGE + 100], one[4 * PAGE - 1]);
    CASE("nothing behind its page", "%d %d", readable(one + 4 * PAGE), readable(two + 4 * PAGE));
    DO("forgotten", madvise(one, PAGE, MADV_DONTNEED), ", %c", one[0]);
    one[PAGE] = 'c';
    DO("cut off", ftruncate(fd, PAGE), ", page 1 %d %d", readable(one + PAGE), readable(two + PAGE));
    DO("longer again", ftruncate(fd, 2 * PAGE), ", page 1 %d %d", one[PAGE], two[PAGE]);
    mprotect(one, PAGE, PROT_READ);
    one = mremap(one, 2 * PAGE, 2 * PAGE, 0);
    DO("in two areas", one);
    int path = open("tmp/private", O_PATH);
    DO("only a name", mmap(0, PAGE, PROT_READ, MAP_PRIVATE, path, 0));
    int folder = open("tmp", O_RDONLY | O_DIRECTORY);
    DO("a folder", mmap(0, PAGE, PROT_READ, MAP_PRIVATE, folder, 0));
    int writer = open("tmp/private", O_WRONLY);
    DO("opened for writing", mmap(0, PAGE, PROT_READ, MAP_PRIVATE, writer, 0));
    char *beyond = mmap(0, PAGE, PROT_READ, MAP_PRIVATE, fd, 64 * PAGE);
    DO("wholly behind the end", beyond, " %d", readable(beyond));
}

static void advice(void)
{
    char *memory = map(8, MAP_PRIVATE);
    unsigned char there[8];
    memset(memory, 'a', 8 * PAGE);
    DO("forget", madvise(memory, PAGE, MADV_DONTNEED), ", %d %c", memory[0], memory[PAGE]);
    DO("free", madvise(memory + PAGE, PAGE, MADV_FREE));
    memory[PAGE] = 'f';
    CASE("free and written", "%c", memory[PAGE]);
    DO("hints", madvise(memory, PAGE, MADV_NORMAL), " %s %s %s", error(madvise(memory, PAGE, MADV_RANDOM)), error(madvise(memory, PAGE, MADV_SEQUENTIAL)), error(madvise(memory, PAGE, MADV_WILLNEED)));
    DO("fork and dumps", madvise(memory, PAGE, MADV_DONTFORK), " %s %s %s", error(madvise(memory, PAGE, MADV_DOFORK)), error(madvise(memory, PAGE, MADV_DONTDUMP)), error(madvise(memory, PAGE, MADV_DODUMP)));
    DO("unknown", madvise(memory, PAGE, 12345));
    DO("no page", madvise(memory + 1, PAGE, MADV_DONTNEED));
    DO("nothing", madvise(memory, 0, MADV_DONTNEED));
    munmap(memory + 4 * PAGE, PAGE);
    DO("over a hole", madvise(memory + 3 * PAGE, 3 * PAGE, MADV_DONTNEED), ", behind it %d", memory[5 * PAGE]);
    char *fresh = map(8, MAP_PRIVATE);
    fresh[PAGE] = 1;
    DO("touch ahead", madvise(fresh + 3 * PAGE, 2 * PAGE, POPULATE_WRITE));
    DO("what is there", mincore(fresh, 6 * PAGE, there), " %d%d%d%d%d%d", there[0] & 1, there[1] & 1, there[2] & 1, there[3] & 1, there[4] & 1, there[5] & 1);
    DO("in a hole", mincore(memory + 3 * PAGE, 3 * PAGE, there));
    DO("answers to nowhere", mincore(fresh, PAGE, (void *)8));
    DO("of no page", mincore(fresh + 8, PAGE, there));
    mprotect(fresh, PAGE, PROT_READ);
    DO("touch for writing what is not", madvise(fresh, PAGE, POPULATE_WRITE));
    int fd = file("tmp/advice", PAGE);
    char *mapped = mmap(0, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);
    DO("touch behind the end", madvise(mapped, 2 * PAGE, POPULATE_READ));
    DO("free of a file", madvise(mapped, PAGE, MADV_FREE));
    char *populated = map(4, MAP_PRIVATE | MAP_POPULATE);
    mincore(populated, 4 * PAGE, there);
    CASE("populated", "%d%d%d%d", there[0] & 1, there[1] & 1, there[2] & 1, there[3] & 1);
    size_t size = 8 << 20;
    char *large = mmap(0, size, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    DO("large pages", madvise(large, size, MADV_HUGEPAGE));
    memset(large, 'l', size);
    madvise(large + (3 << 20), 3 * PAGE, MADV_DONTNEED);
    long zeros = 0;
    for (size_t byte = 0; byte < size; byte++)
        zeros += large[byte] == 0;
    CASE("three forgotten", "%ld %s", zeros, error(madvise(large, size, MADV_NOHUGEPAGE)));
}

static void lock(void)
{
    char *memory = map(6, MAP_PRIVATE);
    unsigned char there[6];
    DO("lock", mlock(memory + PAGE + 5, PAGE));
    mincore(memory, 6 * PAGE, there);
    CASE("its pages are there", "%d%d%d%d", there[0] & 1, there[1] & 1, there[2] & 1, there[3] & 1);
    DO("not forgotten", madvise(memory, 2 * PAGE, MADV_DONTNEED));
    DO("not put away", madvise(memory + PAGE, PAGE, MADV_COLD));
    DO("unlock", munlock(memory + PAGE, 2 * PAGE));
    DO("forgotten then", madvise(memory, 2 * PAGE, MADV_DONTNEED), " %d", memory[PAGE]);
    DO("on fault", mlock2(memory + 4 * PAGE, PAGE, ONFAULT));
    mincore(memory, 6 * PAGE, there);
    CASE("not there yet", "%d", there[4] & 1);
    DO("unknown flag", mlock2(memory, PAGE, 2));
    munmap(memory + 3 * PAGE, PAGE);
    DO("over a hole", mlock(memory + 2 * PAGE, 3 * PAGE));
    DO("invalidate locked", msync(memory + 4 * PAGE, PAGE, MS_ASYNC | MS_INVALIDATE));
    char *none = mmap(0, PAGE, PROT_NONE, ANON, -1, 0);
    DO("that nobody may touch", mlock(none, PAGE));
    DO("all later ones", mlockall(MCL_FUTURE));
    char *later = map(2, MAP_PRIVATE);
    mincore(later, 2 * PAGE, there);
    CASE("are there at once", "%d%d", there[0] & 1, there[1] & 1);
    DO("no more", munlockall(), " %s", error(madvise(later, 2 * PAGE, MADV_DONTNEED)));
    DO("all at nothing", mlockall(0), " %s", error(mlockall(LOCK_ONFAULT)));
    char *locked = map(2, MAP_PRIVATE | MAP_LOCKED);
    mincore(locked, 2 * PAGE, there);
    CASE("mapped locked", "%d%d", there[0] & 1, there[1] & 1);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    probe = open("tmp/probe", O_CREAT | O_RDWR, 0600);
    setvbuf(stdout, 0, _IOLBF, BUFSIZ);
    if (!strcmp(what, "shared"))
        shared();
    if (!strcmp(what, "private"))
        private();
    if (!strcmp(what, "advice"))
        advice();
    if (!strcmp(what, "lock"))
        lock();
    return 0;
}
