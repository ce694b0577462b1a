// A handler of SIGABRT runs, returns, and the program is aborted all the same.
//@ stderr-has: SIGABRT
//@ stderr-has: give_up
//@ stderr-has: signal_abort.c:16
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void handler(int number)
{
    write(1, number == SIGABRT ? "handler\n" : "wrong\n", number == SIGABRT ? 8 : 6);
}

__attribute__((noinline)) static void give_up(void)
{
    abort();
}

int main(void)
{
    signal(SIGABRT, handler);
    give_up();
    return 0;
}
