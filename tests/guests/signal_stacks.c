// Alternate signal stacks: overflows survived, flags, sizes, one that disarms itself.
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <ucontext.h>

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif

static sigjmp_buf back;
static char *stack;
static size_t size = 65536;
/* The C library says that `raise` calls nothing here, so the compiler has to be told otherwise. */
static volatile int on_stack, flags_inside, change, changed, saved_flags;

static void look(int number, siginfo_t *info, void *raw)
{
    (void)number;
    (void)info;
    char here;
    stack_t now, other = { stack, 0, size };
    on_stack = &here > stack && &here < stack + size;
    sigaltstack(NULL, &now);
    flags_inside = now.ss_flags;
    errno = 0;
    changed = change && sigaltstack(&other, NULL) ? errno : 0;
    saved_flags = ((ucontext_t *)raw)->uc_stack.ss_flags;
}

static void leave(int number)
{
    (void)number;
    char here;
    on_stack = &here > stack && &here < stack + size;
    siglongjmp(back, 1);
}

static int overflow(int n)
{
    volatile char room[4096];
    room[0] = (char)n;
    return overflow(n + 1) + room[0];
}

static void on(int number, void *handler, int flags)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = (void (*)(int))handler;
    action.sa_flags = flags;
    sigaction(number, &action, NULL);
}

int main(void)
{
    struct rlimit limit = { 1 << 20, RLIM_INFINITY };
    getrlimit(RLIMIT_STACK, &limit);
    stack_t now;
    sigaltstack(NULL, &now);
    printf("1 none at first: %d\n", now.ss_flags == SS_DISABLE);
    stack = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t wanted = { stack, 0, size };
    printf("2 set: %d\n", sigaltstack(&wanted, NULL));
    on(SIGUSR1, look, SA_SIGINFO | SA_ONSTACK);
    change = 1;
    raise(SIGUSR1);
    change = 0;
    printf("3 on it %d, told so %d, in use %d\n", on_stack, flags_inside == SS_ONSTACK, changed == EPERM);
    on(SIGUSR1, look, SA_SIGINFO);
    raise(SIGUSR1);
    printf("4 without SA_ONSTACK: on it %d, flags %d\n", on_stack, flags_inside);
    on(SIGSEGV, leave, SA_ONSTACK);
    int times = 0;
    for (volatile int i = 0; i < 3; i++)
        if (sigsetjmp(back, 1))
            times++;
        else
            overflow(0);
    printf("5 overflows survived: %d, on it %d\n", times, on_stack);
    sigaltstack(NULL, &now);
    printf("6 still set: %d %d\n", now.ss_flags, now.ss_sp == stack && now.ss_size == size);
    wanted.ss_size = 2000;
    errno = 0;
    printf("7 too small: %d", sigaltstack(&wanted, NULL));
    printf(" %d\n", errno == ENOMEM);
    wanted.ss_size = size;
    wanted.ss_flags = 12345;
    errno = 0;
    printf("8 flags that are none: %d", sigaltstack(&wanted, NULL));
    printf(" %d\n", errno == EINVAL);
    wanted.ss_flags = (int)SS_AUTODISARM;
    printf("9 one that disarms itself: %d\n", sigaltstack(&wanted, NULL));
    on(SIGUSR1, look, SA_SIGINFO | SA_ONSTACK);
    raise(SIGUSR1);
    printf("10 on it %d, told none %d, frame remembers %d\n", on_stack, flags_inside == SS_DISABLE,
           (saved_flags & (int)SS_AUTODISARM) != 0);
    sigaltstack(NULL, &now);
    printf("11 armed again: %d\n", now.ss_flags == (int)SS_AUTODISARM);
    size_t least = getauxval(AT_MINSIGSTKSZ);
    printf("12 least size told: %d\n", least >= 1024 && least <= 16384);
    size = least < 2048 ? 2048 : least;
    wanted.ss_flags = 0;
    wanted.ss_size = size + 1024;
    on(SIGUSR1, leave, SA_ONSTACK);
    sigaltstack(&wanted, NULL);
    size += 1024;
    if (!sigsetjmp(back, 1))
        raise(SIGUSR1);
    printf("13 it suffices: %d\n", on_stack);
    wanted.ss_flags = SS_DISABLE;
    sigaltstack(&wanted, NULL);
    sigaltstack(NULL, &now);
    printf("14 disabled: %d\n", now.ss_flags == SS_DISABLE);
    return 0;
}
