// Clocks are read without a system call: every instruction is stepped through, and `syscall` is looked for.
#define _GNU_SOURCE
#include <elf.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static volatile long steps, calls;

static void step(int number, siginfo_t *info, void *raw)
{
    (void)number;
    (void)info;
    const unsigned char *code = (void *)((ucontext_t *)raw)->uc_mcontext.gregs[REG_RIP];
    steps++;
    calls += code[0] == 0x0f && code[1] == 0x05;
}

#define STEPPED(name, ...)                                                          \
    do {                                                                            \
        steps = calls = 0;                                                          \
        __asm__ volatile("pushfq\norl $0x100, (%%rsp)\npopfq" ::: "memory", "cc");  \
        __VA_ARGS__;                                                                \
        __asm__ volatile("pushfq\nandl $~0x100, (%%rsp)\npopfq" ::: "memory", "cc"); \
        printf("%s: stepped %d, system calls %ld\n", name, steps > 5, calls);       \
    } while (0)

static long long nanos(struct timespec t)
{
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void compare(const char *name, clockid_t clock)
{
    int outside = 0;
    for (int i = 0; i < 200; i++) {
        struct timespec before, between, after;
        syscall(SYS_clock_gettime, clock, &before);
        clock_gettime(clock, &between);
        syscall(SYS_clock_gettime, clock, &after);
        outside += nanos(between) < nanos(before) || nanos(between) > nanos(after) || between.tv_nsec > 999999999;
    }
    printf("%s agrees with the system call: %d\n", name, outside == 0);
}

int main(void)
{
    struct timespec t;
    struct timeval day;
    time_t seconds;
    unsigned cpu, node;
    /* Looked up, if they are looked up late. */
    clock_gettime(CLOCK_MONOTONIC, &t);
    gettimeofday(&day, NULL);
    time(&seconds);
    getcpu(&cpu, &node);
    clock_getres(CLOCK_MONOTONIC, &t);
    syscall(SYS_getppid);

    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = step;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGTRAP, &action, NULL);
    STEPPED("getppid", syscall(SYS_getppid));
    STEPPED("clock_gettime monotonic", clock_gettime(CLOCK_MONOTONIC, &t));
    STEPPED("clock_gettime wall", clock_gettime(CLOCK_REALTIME, &t));
    STEPPED("gettimeofday", gettimeofday(&day, NULL));
    STEPPED("time", time(&seconds));
    STEPPED("getcpu", getcpu(&cpu, &node));
    STEPPED("clock_getres", clock_getres(CLOCK_MONOTONIC, &t));
    printf("resolution %ld\n", t.tv_nsec);

    compare("monotonic", CLOCK_MONOTONIC);
    compare("wall", CLOCK_REALTIME);
    compare("boot", CLOCK_BOOTTIME);
    clock_gettime(CLOCK_REALTIME, &t);
    gettimeofday(&day, NULL);
    seconds = time(NULL);
    printf("all agree: %d %d\n", day.tv_sec - t.tv_sec <= 1 && day.tv_usec < 1000000, seconds - t.tv_sec <= 1);
    printf("unknown clock %d\n", clock_gettime(77, &t));
    printf("processor time %d\n", clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t));
    const Elf64_Ehdr *header = (void *)getauxval(AT_SYSINFO_EHDR);
    printf("it is an ELF file: %d\n", header && !memcmp(header->e_ident, ELFMAG, 4) && header->e_type == ET_DYN);
    return 0;
}
