// Reads a megabyte from standard input, more than any buffer on the way holds.
//@ stdin-size: 1000000
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    static unsigned char piece[7000];
    unsigned long total = 0, sum = 0;
    for (ssize_t got; (got = read(0, piece, sizeof piece)) > 0; total += got)
        for (ssize_t i = 0; i < got; i++)
            sum = sum * 31 + piece[i];
    printf("%lu bytes, sum %lx\n", total, sum);
    return 0;
}
