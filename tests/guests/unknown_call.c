// Makes a system call that does not exist, twice: ENOSYS both times, and one line from the host.
//@ stderr-has: 1000
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    for (int i = 0; i < 2; i++) {
        errno = 0;
        long result = syscall(1000, 1, 2, 3);
        printf("%ld %d\n", result, errno == ENOSYS);
    }
    return 0;
}
