// Ends with the status that it is told, by return, exit or _exit.
//@ args: return 0
//@ args: exit 1
//@ args: _exit 42
//@ args: exit 255
//@ forms: pie
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int status = argc > 2 ? atoi(argv[2]) : 99;
    printf("ending by %s", argv[1]); /* no newline: exit flushes it, _exit does not */
    if (!strcmp(argv[1], "exit"))
        exit(status);
    if (!strcmp(argv[1], "_exit"))
        _exit(status);
    return status;
}
