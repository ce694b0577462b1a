// Timers that send signals, and sleeps that signals end.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int count, most_overrun;
static siginfo_t seen;

static void note(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    seen = *info;
    if (info->si_code == SI_TIMER && info->si_overrun > most_overrun)
        most_overrun = info->si_overrun;
    count++;
}

static void on(int number)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = note;
    action.sa_flags = SA_SIGINFO;
    sigaction(number, &action, NULL);
}

static long long now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(void)
{
    int numbers[] = { SIGALRM, SIGVTALRM, SIGPROF, SIGUSR1, SIGRTMIN };
    for (unsigned i = 0; i < 5; i++)
        on(numbers[i]);
    printf("1 alarm %u", alarm(100));
    unsigned left = alarm(0);
    printf(" %d %u\n", left == 100 || left == 99, alarm(0));
    /* Again and again: on a busy machine the first may come before the wait. */
    struct itimerval in = { { 0, 20000 }, { 0, 20000 } }, never = { { 0, 0 }, { 0, 0 } }, old;
    setitimer(ITIMER_REAL, &in, NULL);
    pause();
    printf("2 ITIMER_REAL: signal %d code %d\n", seen.si_signo, seen.si_code);
    struct timespec asked = { 5, 0 }, rest = { 0, 0 };
    int result = nanosleep(&asked, &rest);
    printf("3 nanosleep %d %d, rest %d\n", result, errno == EINTR, rest.tv_sec == 4 || rest.tv_sec == 5);
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 5;
    rest.tv_sec = 77;
    printf("4 absolute %d, rest untouched %d\n", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, &rest) == EINTR,
           rest.tv_sec == 77);
    setitimer(ITIMER_REAL, &never, NULL);
    count = 0;
    struct itimerval every = { { 0, 5000 }, { 0, 5000 } };
    setitimer(ITIMER_REAL, &every, NULL);
    while (count < 3)
        ;
    getitimer(ITIMER_REAL, &old);
    printf("5 interval while busy: interval %ld, left %d\n", (long)old.it_interval.tv_usec, old.it_value.tv_usec <= 5000);
    memset(&every, 0, sizeof every);
    setitimer(ITIMER_REAL, &every, &old);
    printf("  disarmed, was %ld\n", (long)old.it_interval.tv_usec);
    count = 0;
    struct itimerval work = { { 0, 0 }, { 0, 20000 } };
    setitimer(ITIMER_VIRTUAL, &work, NULL);
    while (!count)
        ;
    printf("6 ITIMER_VIRTUAL: %d\n", seen.si_signo);
    count = 0;
    setitimer(ITIMER_PROF, &work, NULL);
    while (!count)
        ;
    printf("7 ITIMER_PROF: %d\n", seen.si_signo);

    timer_t timer;
    struct sigevent event;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGRTMIN;
    event.sigev_value.sival_int = 123;
    printf("8 timer_create %d\n", timer_create(CLOCK_MONOTONIC, &event, &timer));
    struct itimerspec spec = { { 0, 0 }, { 0, 20000000 } }, state;
    count = 0;
    timer_settime(timer, 0, &spec, NULL);
    while (!count)
        usleep(1000);
    printf("9 expired: code %d value %d overrun %d\n", seen.si_code, seen.si_value.sival_int, seen.si_overrun);
    timer_gettime(timer, &state);
    printf("10 disarmed: %ld %ld\n", (long)state.it_value.tv_sec, state.it_value.tv_nsec);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    spec.it_interval.tv_nsec = 1000000;
    spec.it_value.tv_nsec = 1000000;
    timer_settime(timer, 0, &spec, NULL);
    long long end = now(CLOCK_MONOTONIC) + 30000000;
    while (now(CLOCK_MONOTONIC) < end)
        ;
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    memset(&spec, 0, sizeof spec);
    timer_settime(timer, 0, &spec, NULL);
    printf("11 overrun while blocked: %d, told %d\n", most_overrun >= 20, timer_getoverrun(timer) >= 0);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec -= 1;
    printf("12 timer_delete %d", timer_delete(timer));
    errno = 0;
    printf(" %d", timer_delete(timer));
    printf(" %d\n", errno == EINVAL);
    timer_create(CLOCK_REALTIME, &event, &timer);
    spec.it_value = until;
    count = 0;
    timer_settime(timer, TIMER_ABSTIME, &spec, NULL);
    while (!count)
        ;
    printf("13 an absolute time that has passed: %d\n", seen.si_signo == SIGRTMIN);
    timer_delete(timer);
    event.sigev_notify = SIGEV_NONE;
    timer_create(CLOCK_MONOTONIC, &event, &timer);
    memset(&spec, 0, sizeof spec);
    spec.it_value.tv_sec = 50;
    timer_settime(timer, 0, &spec, &state);
    timer_gettime(timer, &state);
    printf("14 SIGEV_NONE: left %d\n", state.it_value.tv_sec == 49 || state.it_value.tv_sec == 50);
    timer_delete(timer);
    event.sigev_notify = SIGEV_THREAD_ID;
    event._sigev_un._tid = (int)syscall(SYS_gettid);
    event.sigev_signo = SIGUSR1;
    timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer);
    spec.it_value.tv_sec = 0;
    spec.it_value.tv_nsec = 10000000;
    count = 0;
    timer_settime(timer, 0, &spec, NULL);
    while (!count)
        ;
    printf("15 processor time, to a thread: %d %d\n", seen.si_signo, seen.si_value.sival_int);
    event.sigev_signo = 99;
    errno = 0;
    printf("16 no such signal: %d", timer_create(CLOCK_MONOTONIC, &event, &timer));
    printf(" %d\n", errno == EINVAL);
    long long before = now(CLOCK_PROCESS_CPUTIME_ID), wall = now(CLOCK_MONOTONIC);
    usleep(50000);
    printf("17 sleeping takes no processor time: %d\n",
           now(CLOCK_PROCESS_CPUTIME_ID) - before < (now(CLOCK_MONOTONIC) - wall) / 2);
    return 0;
}
