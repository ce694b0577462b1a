// Much of everything: what is done once must not cost more the more there is.
//@ args: bytes
//@ args: areas
//@ args: mappings
//@ forms: static-pie
//@ memory: 512M
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, RW = PROT_READ | PROT_WRITE, ANON = MAP_PRIVATE | MAP_ANONYMOUS };

// Long transfers to memory that was not touched.
static void bytes(void)
{
    long size = 200L << 20, got = 0;
    char *at = mmap(0, size, RW, ANON, -1, 0);
    printf("%ld zeros\n", (long)read(open("/dev/zero", O_RDONLY), at, size));
    munmap(at, size);
    int sparse = open("tmp/sparse", O_CREAT | O_RDWR, 0600);
    ftruncate(sparse, size);
    at = mmap(0, size, RW, ANON, -1, 0);
    madvise(at, size, MADV_NOHUGEPAGE);
    printf("%ld of a file\n", (long)read(sparse, at + 100, size - 200));
    for (long i = 0; i < size; i += PAGE)
        got += at[i];
    printf("sum %ld\n", got);
}

// Areas that do not join, with holes of one page.
static void areas(void)
{
    int count = 20000;
    char *lowest = (char *)-1, *all = mmap(0, 2L * count * PAGE, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
    for (int i = 0; i < count; i++) {
        char *at = mmap(0, PAGE, i & 1 ? PROT_READ : RW, ANON, -1, 0);
        lowest = at < lowest ? at : lowest;
    }
    printf("below what was there %d\n", lowest < all);
    int holes = 0;
    for (int i = 0; i < count; i++)
        holes += !munmap(all + 2L * i * PAGE, PAGE);
    printf("%d holes\n", holes);
    char *two = mmap(0, 2 * PAGE, RW, ANON, -1, 0);
    printf("two pages fit in none %d\n", two < all || two >= all + 2L * count * PAGE);
    int filled = 0;
    for (int i = 0; i < count; i++) {
        char *at = mmap(0, PAGE, RW, ANON, -1, 0);
        filled += at >= all && at < all + 2L * count * PAGE;
        *at = 1;
    }
    printf("%d filled\n", filled);
}

// Mappings of one file while another changes.
static void mappings(void)
{
    int one = open("tmp/one", O_CREAT | O_RDWR, 0600), other = open("tmp/other", O_CREAT | O_RDWR, 0600);
    ftruncate(one, PAGE);
    ftruncate(other, 4000L * PAGE);
    char *last = 0, *shown = mmap(0, 4000L * PAGE, PROT_READ, MAP_SHARED, other, 0);
    for (int i = 0; i < 10000; i++) {
        last = mmap(0, PAGE, RW, i & 1 ? MAP_PRIVATE : MAP_SHARED, one, 0);
        last[0] = 'p';
    }
    int right = 0;
    for (int i = 0; i < 4000; i++) {
        pwrite(other, "x", 1, (long)i * PAGE);
        right += shown[(long)i * PAGE] == 'x';
    }
    ftruncate(other, 0);
    printf("%d %c\n", right, *last);
}

int main(int argc, char **argv)
{
    (void)argc;
    switch (argv[1][0]) {
    case 'b': bytes(); break;
    case 'a': areas(); break;
    default: mappings();
    }
    return 0;
}
