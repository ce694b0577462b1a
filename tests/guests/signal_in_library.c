// Faults in a library's function: the line is that of the program's call.
//@ stderr-has: SIGSEGV
//@ stderr-has: signal_in_library.c:12
//@ stderr-has: called from `compare` at
//@ stderr-has: called from `main` at
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(void)
{
    char *names[] = { "one", (char *)8, "three" };
    puts("sorting");
    fflush(stdout);
    qsort(names, 3, sizeof *names, compare);
    puts(names[0]);
    return 0;
}
