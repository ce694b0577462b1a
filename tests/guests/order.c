// Shows in which order constructors, main, atexit functions and destructors run.
#include <stdio.h>
#include <stdlib.h>

__attribute__((constructor(201))) static void early(void) { puts("constructor 201"); }
__attribute__((constructor(202))) static void late(void) { puts("constructor 202"); }
__attribute__((constructor)) static void plain(void) { puts("constructor"); }
__attribute__((destructor(201))) static void last(void) { puts("destructor 201"); }
__attribute__((destructor)) static void first(void) { puts("destructor"); }

static void one(void) { puts("atexit one"); }
static void two(void) { puts("atexit two"); }

int main(void)
{
    puts("main");
    atexit(one);
    atexit(two);
    return 5;
}
