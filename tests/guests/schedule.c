// What there is to know about scheduling and personality, and what can't be.
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *why(long result)
{
    return result < 0 ? strerrorname_np(errno) : "ok";
}

int main(void)
{
    struct sched_param param = { 7 };
    cpu_set_t set, none;
    int own = getpid(), other = 4000000;
    printf("policy %d, %s", sched_getscheduler(0), why(sched_getscheduler(own)));
    printf(", of another %s", why(sched_getscheduler(other)));
    printf(", of none %s\n", why(sched_getscheduler(-1)));
    printf("priority %s", why(sched_getparam(0, &param)));
    printf(" %d, to nowhere %s", param.sched_priority, why(sched_getparam(0, NULL)));
    printf(" %s\n", why(sched_getparam(0, (struct sched_param *)8)));
    printf("the same %s", why(sched_setscheduler(0, SCHED_OTHER, &param)));
    printf(" %s", why(sched_setparam(own, &param)));
    param.sched_priority = 1;
    printf(", with a priority %s", why(sched_setparam(0, &param)));
    param.sched_priority = 100;
    printf(" %s", why(sched_setscheduler(0, SCHED_FIFO, &param)));
    printf(", unknown %s", why(sched_setscheduler(0, 77, &param)));
    printf(" %s", why(sched_setscheduler(0, -1, &param)));
    printf(" %s", why(sched_setscheduler(other, SCHED_OTHER, &param)));
    printf(" %s\n", why(sched_setscheduler(0, SCHED_OTHER, NULL)));
    for (int policy = -1; policy < 7; policy++) {
        int low = sched_get_priority_min(policy), high = sched_get_priority_max(policy);
        printf("policy %d: %d to %d\n", policy, low, high);
    }
    sched_getaffinity(0, sizeof set, &set);
    CPU_ZERO(&none);
    printf("affinity %s", why(sched_setaffinity(0, sizeof set, &set)));
    printf(", none %s", why(sched_setaffinity(0, sizeof none, &none)));
    printf(", empty %s", why(sched_setaffinity(0, 0, &set)));
    printf(", of another %s", why(sched_setaffinity(other, sizeof set, &set)));
    printf(", from nowhere %s", why(sched_setaffinity(0, 8, (cpu_set_t *)8)));
    memset(&set, 0xff, sizeof set);
    printf(", all %s\n", why(sched_setaffinity(0, sizeof set, &set)));
    printf("personality %d", personality(0xffffffff));
    printf(" %d\n", personality(PER_LINUX));
    return 0;
}
