// Forks only when it is asked to: a unikernel has one process, and says who wanted two, not whose traces lie on the stack.
//@ native: no
//@ args: ask
//@ forms: pie static-pie shared
//@ stdout: fork: -1 Function not implemented\n
//@ stderr-has: fork
//@ stderr-has: UK001
//@ stderr-has: called from `the_forker` at
//@ stderr-has: called from `main` at
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

__attribute__((noinline)) static int deep(int n)
{
    volatile char room[200];
    room[0] = (char)n;
    return n ? deep(n - 1) + room[0] : 0;
}

__attribute__((noinline)) static pid_t the_forker(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return child;
}

int main(int argc, char **argv)
{
    deep(60);
    if (argc > 1 && !strcmp(argv[1], "ask")) {
        pid_t child = the_forker();
        printf("fork: %d %s\n", (int)child, child < 0 ? strerror(errno) : "worked");
        return 0;
    }
    puts("not asked");
    return 0;
}
