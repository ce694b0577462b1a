// Flags of handlers: SA_NODEFER, SA_RESETHAND, SA_RESTART, sa_mask, and signals that arrive inside of handlers.
//@ stderr-has: SIGUSR1
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

static volatile int depth, deepest, calls, order[8], ordered;
static volatile int word;

static void nested(int number)
{
    calls++;
    if (++depth > deepest)
        deepest = depth;
    if (calls < 4)
        raise(number);
    depth--;
}

static void noting(int number)
{
    order[ordered++] = number;
}

static void raising(int number)
{
    order[ordered++] = number;
    raise(SIGUSR2);
    order[ordered++] = -number;
}

static void changing(int number)
{
    (void)number;
    word = 1;
}

static void on(int number, void (*handler)(int), int flags, int masked)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = flags;
    if (masked)
        sigaddset(&action.sa_mask, masked);
    sigaction(number, &action, NULL);
}

static void show(const char *what)
{
    printf("%s:", what);
    for (int i = 0; i < ordered; i++)
        printf(" %d", order[i]);
    puts("");
    ordered = 0;
}

static void wait_with(int flags)
{
    struct itimerval in = { { 0, 0 }, { 0, 100000 } };
    on(SIGALRM, changing, flags, 0);
    word = 0;
    setitimer(ITIMER_REAL, &in, NULL);
    errno = 0;
    long result = syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
    printf("%s: %ld %d\n", flags ? "6 with SA_RESTART" : "5 without SA_RESTART", result, errno);
}

int main(void)
{
    on(SIGUSR1, nested, SA_NODEFER, 0);
    raise(SIGUSR1);
    printf("1 SA_NODEFER: %d deep\n", deepest);
    calls = depth = deepest = 0;
    on(SIGUSR1, nested, 0, 0);
    raise(SIGUSR1);
    printf("2 without: %d deep, %d calls\n", deepest, calls);
    on(SIGUSR1, raising, 0, 0);
    on(SIGUSR2, noting, 0, 0);
    raise(SIGUSR1);
    show("3 inside");
    on(SIGUSR1, raising, 0, SIGUSR2);
    raise(SIGUSR1);
    show("4 masked until the end");
    wait_with(0);
    wait_with(SA_RESTART);
    on(SIGUSR1, noting, SA_RESETHAND, 0);
    raise(SIGUSR1);
    struct sigaction now;
    sigaction(SIGUSR1, NULL, &now);
    show("7 SA_RESETHAND");
    printf("  default again: %d\n", now.sa_handler == SIG_DFL);
    signal(SIGUSR1, noting);
    sigset_t both;
    sigemptyset(&both);
    sigaddset(&both, SIGUSR1);
    sigaddset(&both, SIGUSR2);
    sigprocmask(SIG_BLOCK, &both, NULL);
    raise(SIGUSR2);
    raise(SIGUSR1);
    raise(SIGUSR1);
    sigprocmask(SIG_UNBLOCK, &both, NULL);
    show("8 both at once, the last frame runs first");
    signal(SIGUSR1, SIG_IGN);
    raise(SIGUSR1);
    puts("9 ignored");
    signal(SIGCHLD, SIG_DFL);
    signal(SIGWINCH, SIG_DFL);
    raise(SIGCHLD);
    raise(SIGURG);
    raise(SIGCONT);
    puts("10 ignored by default");
    fflush(stdout);
    sigprocmask(SIG_BLOCK, &both, NULL);
    signal(SIGUSR1, SIG_DFL);
    raise(SIGUSR1);
    puts("11 blocked until now");
    fflush(stdout);
    sigprocmask(SIG_UNBLOCK, &both, NULL);
    puts("never printed");
    return 0;
}
