// Leaves nested calls by longjmp.
#include <setjmp.h>
#include <stdio.h>

static jmp_buf back;

static void down(int depth)
{
    if (depth == 0)
        longjmp(back, 17);
    down(depth - 1);
    puts("never printed");
}

int main(void)
{
    volatile int rounds = 0;
    int value = setjmp(back);
    printf("round %d, value %d\n", rounds, value);
    if (rounds++ < 3)
        down(rounds * 10);
    puts("out");
    return 0;
}
