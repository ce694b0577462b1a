// Prints one line.
//@ args: one
#include <stdio.h>

int main(int argc, char **argv)
{
    printf("Hello from %d arguments, the last is %s\n", argc, argv[argc - 1]);
    return 0;
}
