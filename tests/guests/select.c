// Waits for descriptors by sets of bits, with and without time-outs, masks and errors.
//@ file: data/file = 0123456789
//@ stdin: typed
//@ forms: static-pie pie
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

static int number;
static fd_set in, out, except;

static void want(int fd)
{
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_ZERO(&except);
    FD_SET(fd, &in);
    FD_SET(fd, &out);
    FD_SET(fd, &except);
}

static void tell(const char *what, int result, int fd)
{
    printf("%d %s: %d", ++number, what, result);
    if (result < 0)
        printf(" %s", strerrorname_np(errno));
    printf(", read %d, write %d, except %d\n", FD_ISSET(fd, &in) != 0, FD_ISSET(fd, &out) != 0, FD_ISSET(fd, &except) != 0);
}

static void on_alarm(int signal)
{
    (void)signal;
}

int main(void)
{
    struct timeval none = { 0, 0 }, some = { 5, 0 }, little = { 0, 20000 }, odd = { 0, 1500000 }, wrong = { -1, 0 };
    struct timespec short_time = { 0, 20000000 }, no_time = { 0, 1000000000 }, long_time = { 9, 0 };
    int fd = open("data/file", O_RDWR), name = open("data/file", O_PATH);
    want(fd);
    tell("file", select(fd + 1, &in, &out, &except, NULL), fd);
    want(fd);
    tell("below it", select(fd, &in, &out, &except, &none), fd);
    want(0);
    FD_CLR(0, &out);
    tell("stdin", select(1, &in, NULL, &except, &some), 0);
    printf("  time is left: %d\n", some.tv_sec == 4 && some.tv_usec > 0);
    want(0);
    int result = select(1, NULL, NULL, &except, &little);
    printf("%d nothing comes: %d, except %d, left %ld.%06ld\n", ++number, result, FD_ISSET(0, &except) != 0, (long)little.tv_sec,
           (long)little.tv_usec);
    want(fd);
    tell("odd time", select(fd + 1, &in, NULL, NULL, &odd), fd);
    tell("wrong time", select(fd + 1, &in, NULL, NULL, &wrong), fd);
    want(fd);
    tell("negative", select(-1, &in, NULL, NULL, &none), fd);
    close(fd);
    tell("closed", select(fd + 1, &in, &out, &except, &none), fd);
    want(name);
    tell("name of a file", select(name + 1, &in, &out, &except, &none), name);
    want(1000);
    tell("far behind", select(1001, &in, NULL, NULL, &none), 1000);
    printf("%d bad set %d", ++number, select(3, (fd_set *)8, NULL, NULL, &none));
    printf(" %s", strerrorname_np(errno));
    printf(", bad time %ld", syscall(SYS_select, 3, NULL, NULL, NULL, 8));
    printf(" %s\n", strerrorname_np(errno));

    struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
    sigaction(SIGALRM, &action, NULL);
    // Again and again: one that comes before the wait begins must not be the last.
    struct itimerval often = { { 0, 20000 }, { 0, 20000 } }, never = { { 0, 0 }, { 0, 0 } };
    setitimer(ITIMER_REAL, &often, NULL);
    want(0);
    int interrupted = select(1, NULL, NULL, &except, NULL), why = errno;
    setitimer(ITIMER_REAL, &never, NULL);
    errno = why;
    tell("interrupted", interrupted, 0);
    sigset_t alarm_only, empty;
    sigemptyset(&empty);
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    sigprocmask(SIG_BLOCK, &alarm_only, NULL);
    raise(SIGALRM);
    tell("pselect lets it in", pselect(1, NULL, NULL, &except, &long_time, &empty), 0);
    raise(SIGALRM);
    tell("pselect keeps it out", pselect(1, NULL, NULL, &except, &short_time, &alarm_only), 0);
    sigpending(&empty);
    printf("  it waits: %d\n", sigismember(&empty, SIGALRM));
    tell("pselect, wrong time", pselect(1, NULL, NULL, &except, &no_time, NULL), 0);
    struct {
        sigset_t *mask;
        size_t len;
    } masks = { &alarm_only, 7 };
    printf("%d wrong length of a mask: %ld", ++number, syscall(SYS_pselect6, 0, NULL, NULL, NULL, &short_time, &masks));
    printf(" %s\n", strerrorname_np(errno));
    return 0;
}
