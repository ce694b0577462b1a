// Asks how nice it is, and becomes nicer.
#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static void told(const char *what, int result)
{
    printf("%s: %d, %d\n", what, result, errno);
    errno = 0;
}

int main(void)
{
    setpriority(PRIO_PROCESS, 0, 3);
    told("process", getpriority(PRIO_PROCESS, 0));
    told("by id", getpriority(PRIO_PROCESS, getpid()));
    told("nicer", nice(4));
    told("beyond", setpriority(PRIO_PROCESS, 0, 1000));
    told("nicest", getpriority(PRIO_PROCESS, 0));
    told("no kind", getpriority(3, 0));
    told("setting no kind", setpriority(-1, 0, 1));
    told("nobody", getpriority(PRIO_PROCESS, 99999999));
    return 0;
}
