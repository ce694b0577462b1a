// Uses a few megabytes of stack, deeply and at once.
#include <alloca.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static unsigned deep(unsigned depth)
{
    volatile char frame[1000];
    memset((char *)frame, (int)depth, sizeof frame);
    return depth ? deep(depth - 1) + (unsigned char)frame[500] : 1;
}

__attribute__((noinline)) static unsigned wide(size_t size)
{
    volatile char *block = alloca(size);
    block[0] = 1;
    block[size - 1] = 2;
    return block[0] + block[size - 1];
}

int main(void)
{
    printf("deep %u\n", deep(4000));
    printf("wide %u\n", wide(3 << 20));
    printf("aligned %d\n", ((uintptr_t)__builtin_frame_address(0) & 15) == 0);
    return 0;
}
