// Runs into a breakpoint: the host names its line, although the processor has gone past it, and that of the call.
//@ forms: pie
//@ compare: stdout status
//@ stderr-has: breakpoint.c:12
//@ stderr-has: called from `main` at
//@ stderr-has: breakpoint.c:19
#include <stdio.h>

__attribute__((noinline, noreturn)) static void stop(void)
{
    // The last instruction of its function: what follows belongs to another.
    __asm__ volatile("int3");
    __builtin_unreachable();
}

int main(void)
{
    puts("here");
    fflush(stdout), stop();
}
