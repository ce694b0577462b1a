// Signals that the program sends itself: what comes with them, in which order, and waiting for them.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static siginfo_t seen[16];
static volatile int count;

static void note(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    seen[count++] = *info;
}

static void on(int number)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = note;
    action.sa_flags = SA_SIGINFO;
    /* Nothing else runs inside, so the order is that of delivery. */
    sigfillset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

static void show(const char *what)
{
    printf("%s:", what);
    for (int i = 0; i < count; i++)
        printf(" (%d code %d value %d own %d)", seen[i].si_signo, seen[i].si_code,
               seen[i].si_code == SI_QUEUE ? seen[i].si_value.sival_int : 0, seen[i].si_pid == getpid());
    puts("");
    count = 0;
}

int main(void)
{
    sigset_t all, some, old;
    sigfillset(&all);
    int numbers[] = { SIGUSR1, SIGUSR2, SIGTERM, SIGRTMIN, SIGRTMIN + 1, SIGRTMAX };
    for (unsigned i = 0; i < 6; i++)
        on(numbers[i]);
    raise(SIGUSR1);
    show("1 raise");
    kill(getpid(), SIGUSR1);
    show("2 kill");
    kill(getpid(), SIGUSR2);
    show("3 another");
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGTERM);
    show("4 tgkill");
    union sigval value = { 77 };
    sigqueue(getpid(), SIGUSR1, value);
    show("5 sigqueue");
    sigprocmask(SIG_BLOCK, &all, &old);
    for (int i = 0; i < 3; i++) {
        value.sival_int = i;
        sigqueue(getpid(), SIGRTMIN + 1, value);
        sigqueue(getpid(), SIGUSR2, value);
    }
    value.sival_int = 9;
    sigqueue(getpid(), SIGRTMIN, value);
    sigpending(&some);
    printf("6 pending %d %d %d %d\n", sigismember(&some, SIGUSR1), sigismember(&some, SIGUSR2),
           sigismember(&some, SIGRTMIN), sigismember(&some, SIGRTMIN + 1));
    siginfo_t info;
    sigemptyset(&some);
    sigaddset(&some, SIGRTMIN);
    sigaddset(&some, SIGRTMIN + 1);
    for (int i = 0; i < 4; i++) {
        memset(&info, 0, sizeof info);
        int number = sigwaitinfo(&some, &info);
        printf("7 took %d value %d\n", number - SIGRTMIN, info.si_value.sival_int);
    }
    struct timespec nothing = { 0, 0 }, little = { 0, 20000000 };
    errno = 0;
    printf("8 nothing more: %d", sigtimedwait(&some, NULL, &nothing));
    printf(" %d", errno == EAGAIN);
    printf(" %d", sigtimedwait(&some, NULL, &little));
    printf(" %d\n", errno == EAGAIN);
    sigset_t usr2 = all;
    sigdelset(&usr2, SIGUSR2);
    errno = 0;
    printf("9 sigsuspend %d", sigsuspend(&usr2));
    printf(" %d\n", errno == EINTR);
    show("  the standard one came once");
    sigprocmask(SIG_BLOCK, NULL, &some);
    printf("10 blocked again: %d\n", sigismember(&some, SIGUSR2));
    raise(SIGTERM);
    int taken = 0;
    sigemptyset(&some);
    sigaddset(&some, SIGTERM);
    sigwait(&some, &taken);
    printf("11 sigwait %d\n", taken);
    raise(SIGUSR2);
    raise(SIGUSR1);
    sigprocmask(SIG_SETMASK, &old, NULL);
    show("12 by number when unblocked at once");
    errno = 0;
    printf("13 nobody else: %d", kill(99999, 0));
    printf(" %d\n", errno == ESRCH);
    printf("14 no such signal: %d", kill(getpid(), 65));
    printf(" %d\n", errno == EINVAL);
    printf("15 probe: %d\n", kill(getpid(), 0));
    return 0;
}
