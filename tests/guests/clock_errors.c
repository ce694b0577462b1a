// What calls answer that name a clock which can't do that.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const char *why(long result)
{
    return result < 0 ? strerrorname_np(errno) : "ok";
}

int main(void)
{
    struct timespec moment = { 0, 1000 }, wrong = { 0, 1000000000 };
    struct sigevent silent = { .sigev_notify = SIGEV_NONE };
    int timer;
    for (int clock = 0; clock <= 12; clock++) {
        if (clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM)
            continue; // Linux asks whether the machine can be woken up.
        printf("clock %d:", clock);
        if (clock != CLOCK_PROCESS_CPUTIME_ID) // Linux waits for it.
            for (int flags = 0; flags < 3; flags++)
                printf(" %s", why(syscall(SYS_clock_nanosleep, clock, flags, &moment, NULL)));
        printf(" timer %s\n", why(syscall(SYS_timer_create, clock, &silent, &timer)));
    }
    printf("wrong time %s", why(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &wrong, NULL)));
    printf(" %s", why(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_RAW, 0, &wrong, NULL)));
    printf(" %s", why(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_RAW, 0, NULL, NULL)));
    printf(" %s\n", why(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, NULL, NULL)));
    printf("wrong event %s", why(syscall(SYS_timer_create, CLOCK_MONOTONIC_RAW, 1, &timer)));
    printf(" %s\n", why(syscall(SYS_timer_create, CLOCK_MONOTONIC, 1, &timer)));
    return 0;
}
