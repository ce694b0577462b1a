// Reserves 8 GiB without memory behind it, then uses pages at both ends.
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>

int main(void)
{
    size_t size = (size_t)8 << 30, piece = 1 << 16;
    char *base = mmap(0, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) {
        perror("reserve");
        return 1;
    }
    printf("first piece %d\n", mprotect(base, piece, PROT_READ | PROT_WRITE));
    printf("last piece %d\n", mprotect(base + size - piece, piece, PROT_READ | PROT_WRITE));
    base[0] = 'a';
    base[size - 1] = 'z';
    printf("%c%c, untouched %d\n", base[0], base[size - 1], base[piece - 1]);
    printf("given back %d\n", munmap(base + piece, size - 2 * piece));
    printf("%c%c still\n", base[0], base[size - 1]);
    return munmap(base, size);
}
