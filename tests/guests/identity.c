// Asks who and where it is.
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

int main(void)
{
    struct utsname name;
    printf("uname %d %s %s\n", uname(&name), name.sysname, name.machine);
    printf("release %d\n", strlen(name.release) > 0);
    printf("process %d, parent %d\n", getpid() > 0, getppid() >= 0);
    printf("same user %d, same group %d\n", getuid() == geteuid(), getgid() == getegid());
    printf("page %ld, processors %d\n", sysconf(_SC_PAGESIZE), sysconf(_SC_NPROCESSORS_ONLN) >= 1);
    return 0;
}
