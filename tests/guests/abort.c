// Aborts: SIGABRT, status 134; what stdio held back is lost, stderr is not.
//@ stderr-has: SIGABRT
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    fputs("about to abort\n", stderr);
    printf("still in the buffer");
    abort();
}
