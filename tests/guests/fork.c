// Forks only when it is asked to: a unikernel has one process, and says who wanted two.
//@ native: no
//@ args: ask
//@ stdout: fork: -1 Function not implemented\n
//@ stderr-has: fork
//@ stderr-has: UK001
//@ stderr-has: main
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "ask")) {
        pid_t child = fork();
        if (child == 0)
            _exit(0);
        printf("fork: %d %s\n", (int)child, child < 0 ? strerror(errno) : "worked");
        return 0;
    }
    puts("not asked");
    return 0;
}
