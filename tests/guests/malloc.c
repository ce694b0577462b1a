// Allocates in patterns that grow, shrink and reuse the heap.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 512, ROUNDS = 20000 };

static uint32_t state = 12345;

static uint32_t next(void)
{
    state = state * 1664525 + 1013904223;
    return state >> 8;
}

int main(void)
{
    static unsigned char *slots[SLOTS];
    static size_t sizes[SLOTS];
    unsigned long broken = 0, live = 0;
    for (int round = 0; round < ROUNDS; round++) {
        unsigned i = next() % SLOTS;
        size_t size = next() % (round % 100 ? 2000 : 300000) + 1;
        for (size_t k = 0; slots[i] && k < sizes[i]; k += 97)
            broken += slots[i][k] != (unsigned char)i;
        slots[i] = round % 3 ? realloc(slots[i], size) : (free(slots[i]), malloc(size));
        if (!slots[i])
            return puts("out of memory"), 1;
        memset(slots[i], (int)i, size);
        sizes[i] = size;
    }
    for (int i = 0; i < SLOTS; i++) {
        live += slots[i] != NULL;
        free(slots[i]);
    }
    char *zeroed = calloc(1 << 20, 8);
    size_t dirty = 0;
    for (size_t i = 0; i < (size_t)8 << 20; i += 509)
        dirty += zeroed[i] != 0;
    free(zeroed);
    void *aligned = aligned_alloc(65536, 65536);
    printf("broken %lu, live %lu, dirty %zu, aligned %d\n", broken, live, dirty, (uintptr_t)aligned % 65536 == 0);
    free(aligned);
    volatile size_t huge = SIZE_MAX / 2;
    void *refused = malloc(huge);
    printf("too much: %s\n", refused ? "given" : "refused");
    return 0;
}
