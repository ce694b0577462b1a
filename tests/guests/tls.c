// Has thread-local variables: initialised, zeroed, aligned.
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

static __thread int counter = 41;
static __thread char zeroed[300];
static __thread struct { _Alignas(64) long value; } aligned = { 7 };
__thread const char *visible = "visible";

int main(void)
{
    int dirty = 0;
    for (unsigned i = 0; i < sizeof zeroed; i++)
        dirty += zeroed[i];
    counter++;
    printf("%d %d %ld %d %s\n", counter, dirty, aligned.value, (uintptr_t)&aligned % 64 == 0, visible);
    errno = 0;
    close(-1);
    printf("errno %d\n", errno);
    return 0;
}
