// Ends in the less usual ways.
//@ args: quick
//@ args: raw
//@ args: within
//@ args: pending
//@ forms: pie
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void goodbye(void) { fputs("at exit\n", stderr); }
static void quickly(void) { fputs("at quick exit\n", stderr); }
static void other(void) { _exit(33); }

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    atexit(goodbye);
    at_quick_exit(quickly);
    printf("held back"); /* only exit flushes it */
    if (!strcmp(how, "quick"))
        quick_exit(31);
    if (!strcmp(how, "raw"))
        _exit(256 + 32);
    if (!strcmp(how, "within"))
        atexit(other);
    return 300;
}
