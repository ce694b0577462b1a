// Writes through a null pointer: the host names signal, address, function, file and line.
//@ stderr-has: SIGSEGV
//@ stderr-has: 0x0
//@ stderr-has: store_through
//@ stderr-has: null_write.c:10
#include <stdio.h>

__attribute__((noinline)) static void store_through(volatile int *target, int value)
{
    *target = value;
}

int main(void)
{
    puts("before the fault");
    fflush(stdout);
    store_through(NULL, 7);
    puts("never printed");
    return 0;
}
