// Buffers that are bad, and buffers that are bad from some byte on: what lies before is transferred, and nothing is lost.
//@ file: data/text = The quick brown fox jumps over the lazy dog.
//@ stdin: hello world, this is from outside
//@ forms: static-pie
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PAGE = 4096 };

static char *page; // and none behind it

#define BAD ((void *)8)
#define SAY(call) do { errno = 0; long got = (call); printf("%s: %ld %s\n", #call, got, got < 0 ? strerrorname_np(errno) : ""); } while (0)
// The last bytes of the page, as they are now.
#define LAST(count) printf("  [%.*s]\n", count, page + PAGE - (count))

int main(void)
{
    page = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(page + PAGE, PAGE);
    char text[64] = "";
    setvbuf(stdout, NULL, _IONBF, 0);

    SAY(read(0, BAD, 5));
    SAY(read(0, text, 5));
    puts(text);
    SAY(read(0, page + PAGE - 3, 8));
    struct iovec first_bad[2] = { { BAD, 3 }, { text, 5 } };
    SAY(readv(0, first_bad, 2));
    memset(text, 0, sizeof text);
    SAY(read(0, text, 60));
    puts(text);
    SAY(read(0, BAD, 5));
    SAY(write(1, page + PAGE - 3, 8));
    SAY(write(1, BAD, 5));

    int in = open("data/text", O_RDONLY), out = open("tmp/out", O_CREAT | O_RDWR, 0600);
    SAY(read(in, BAD, 10));
    SAY(read(in, page + PAGE - 9, 40));
    LAST(9);
    SAY(lseek(in, 0, SEEK_CUR));
    SAY(pread(in, page + PAGE - 5, 40, 10));
    LAST(5);
    struct iovec parts[2] = { { page + PAGE - 8, 8 }, { page + PAGE - 4, 8 } };
    SAY(preadv(in, parts, 2, 0));
    struct iovec last_bad[2] = { { page, 8 }, { BAD, 8 } };
    SAY(preadv(in, last_bad, 2, 0));
    memcpy(page + PAGE - 6, "abcdef", 6);
    SAY(write(out, BAD, 10));
    SAY(write(out, page + PAGE - 6, 10));
    SAY(pwrite(out, page + PAGE - 3, 2000, 100));
    struct iovec far[2] = { { page + 5, PAGE - 5 }, { page + PAGE - 2, 3 } };
    SAY(pwritev(out, far, 2, 200));
    SAY(lseek(out, 0, SEEK_END));
    memset(page, 'y', PAGE);
    SAY(pwrite(out, page + 1, PAGE + 1, 0));
    SAY(lseek(out, 0, SEEK_END));
    SAY(pread(out, page + 1, PAGE + 1, 0));
    ftruncate(out, 0);
    ftruncate(out, 3 * PAGE);
    SAY(pread(out, page + 100, 3 * PAGE, 0));
    printf("%d zeros\n", page[PAGE - 1] == 0);

    int zero = open("/dev/zero", O_RDWR), random = open("/dev/urandom", O_RDONLY), null = open("/dev/null", O_RDWR);
    memset(page, 'z', PAGE);
    SAY(read(zero, page + PAGE - 10, 64));
    printf("%d %c\n", page[PAGE - 1], page[PAGE - 11]);
    SAY(read(zero, page + 1, 1 << 20));
    SAY(read(zero, BAD, 64));
    SAY(write(zero, BAD, 64));
    SAY(write(null, BAD, 64));
    SAY(read(null, BAD, 64));
    SAY(read(random, page + PAGE - 10, 64));
    SAY(read(random, BAD, 64));
    SAY(getrandom(page + PAGE - 10, 300, 0));
    SAY(getrandom(page, 2 * PAGE, 0));
    SAY(getrandom(BAD, 10, 0));
    int view = open("/proc/self/status", O_RDONLY);
    SAY(read(view, BAD, 20));
    SAY(read(view, page + PAGE - 5, 20));
    LAST(5);
    SAY(lseek(view, 0, SEEK_CUR));
    return 0;
}
