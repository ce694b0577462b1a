// A fault whose signal is blocked ends the program, handler or not.
//@ stderr-has: SIGSEGV
#include <signal.h>
#include <stdio.h>

static void handler(int number)
{
    (void)number;
    puts("never printed");
}

int main(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGSEGV);
    signal(SIGSEGV, handler);
    sigprocmask(SIG_BLOCK, &set, NULL);
    puts("blocked");
    fflush(stdout);
    *(volatile int *)16 = 1;
    puts("never printed");
    return 0;
}
