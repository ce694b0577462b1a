// There is no room for the frame of a handler: the program ends by SIGSEGV, although it has a handler for that.
//@ stderr-has: SIGSEGV
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static void handler(int number)
{
    (void)number;
    puts("never printed");
}

int main(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = SA_ONSTACK;
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    stack_t stack = { mmap(0, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 0, 65536 };
    sigaltstack(&stack, NULL);
    puts("no room");
    fflush(stdout);
    raise(SIGUSR1);
    puts("never printed");
    return 0;
}
