// Has much initialised and uninitialised data.
#include <stdio.h>

static char zeroed[16 << 20];
static int filled[100000] = { 1, [50000] = 2, [99999] = 3 };
static const char *const names[] = { "relocated", "pointers", "in", "constant", "data" };
static void *self = &self;

int main(void)
{
    long sum = 0, dirty = 0;
    for (int i = 0; i < 100000; i++)
        sum += filled[i];
    for (long i = 0; i < (long)sizeof zeroed; i += 1023)
        dirty += zeroed[i];
    zeroed[0] = zeroed[sizeof zeroed - 1] = 1;
    printf("sum %ld, dirty %ld, self %d\n", sum, dirty, self == (void *)&self);
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        printf("%s ", names[i]);
    puts("");
    return 0;
}
