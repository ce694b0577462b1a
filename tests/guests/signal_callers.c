// A handler ends the program: the host names the instruction that the signal came to as a caller, though nothing called.
//@ forms: pie static-pie
//@ compare: stdout status
//@ stderr-has: called from `on_illegal` at
//@ stderr-has: called from `first` at
//@ stderr-has: called from `main` at
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

// Its first instruction is the one: before it lies another function.
__attribute__((naked, noinline)) static void first(void)
{
    __asm__ volatile("ud2");
}

static void on_illegal(int signal)
{
    (void)signal;
    abort();
}

int main(void)
{
    signal(SIGILL, on_illegal);
    puts("here");
    fflush(stdout);
    first();
    return 0;
}
