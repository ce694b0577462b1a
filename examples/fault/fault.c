#include <stdio.h>

static void store(int *target)
{
    *target = 7;
}

int main(void)
{
    puts("about to write through a null pointer");
    fflush(stdout);
    store(NULL);
    return 0;
}
