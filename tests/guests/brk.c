// Moves the program break.
#define _DEFAULT_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0); /* malloc must not move the break in between */
    char *start = sbrk(0);
    printf("grow %d\n", sbrk(1 << 20) == (void *)start);
    memset(start, 'x', 1 << 20);
    printf("grown by %ld\n", (long)((char *)sbrk(0) - start));
    printf("shrink %d\n", brk(start + 4096));
    printf("kept %c\n", start[4095]);
    printf("grow again %d\n", brk(start + 65536));
    int dirty = 0;
    for (int i = 8192; i < 65536; i++)
        dirty += start[i] != 0;
    printf("dirty bytes %d\n", dirty);
    printf("too far %d\n", sbrk((intptr_t)1 << 50) == (void *)-1);
    return 0;
}
