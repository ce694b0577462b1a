// Reads clocks and sleeps: never backwards, never too short.
#include <errno.h>
#include <stdio.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long long now(clockid_t clock)
{
    struct timespec t;
    if (clock_gettime(clock, &t))
        return -1;
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(void)
{
    long long last = now(CLOCK_MONOTONIC), backwards = 0;
    for (int i = 0; i < 1000; i++) {
        long long next = now(CLOCK_MONOTONIC);
        backwards += next < last;
        last = next;
    }
    printf("backwards %lld\n", backwards);
    struct timespec asked = { 0, 30000000 }, rest = { 5, 5 };
    long long before = now(CLOCK_MONOTONIC);
    printf("nanosleep %d\n", nanosleep(&asked, &rest));
    long long slept = now(CLOCK_MONOTONIC) - before;
    printf("slept enough %d, not for ever %d\n", slept >= 30000000, slept < 20000000000LL);
    before = now(CLOCK_MONOTONIC);
    usleep(2000);
    printf("usleep enough %d\n", now(CLOCK_MONOTONIC) - before >= 2000000);
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += 5000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    printf("absolute %d\n", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL));
    struct timespec reached;
    clock_gettime(CLOCK_MONOTONIC, &reached);
    printf("reached %d\n", reached.tv_sec > until.tv_sec || (reached.tv_sec == until.tv_sec && reached.tv_nsec >= until.tv_nsec));
    asked.tv_nsec = 1000000000;
    errno = 0;
    printf("bad request %d", nanosleep(&asked, NULL));
    printf(" %d\n", errno == EINVAL);
    struct timeval day;
    gettimeofday(&day, NULL);
    printf("after 2024 %d, agrees %d\n", day.tv_sec > 1704067200, now(CLOCK_REALTIME) / 1000000000 - day.tv_sec <= 1);
    printf("processor time %d\n", now(CLOCK_PROCESS_CPUTIME_ID) >= 0);
    return 0;
}
