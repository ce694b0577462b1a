// Handlers of faults: what they are told, and ways to go on (mprotect, another instruction, siglongjmp).
//@ file: two = x
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static sigjmp_buf back;
static siginfo_t seen;
static ucontext_t context;
static char *page;

static void jump(int number, siginfo_t *info, void *uc)
{
    (void)number;
    seen = *info;
    context = *(ucontext_t *)uc;
    siglongjmp(back, 1);
}

static void repair(int number, siginfo_t *info, void *uc)
{
    (void)number;
    (void)uc;
    seen = *info;
    mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

static void skip_two(int number, siginfo_t *info, void *uc)
{
    (void)number;
    seen = *info;
    ((ucontext_t *)uc)->uc_mcontext.gregs[REG_RIP] += 2;
}

static void on(int number, void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO;
    sigaction(number, &action, NULL);
}

static void tell(const char *what, void *address)
{
    printf("%s: signal %d code %d address %s\n", what, seen.si_signo, seen.si_code,
           seen.si_addr == address ? "right" : "wrong");
    memset(&seen, 0, sizeof seen);
}

int main(void)
{
    int every[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };
    for (unsigned i = 0; i < 5; i++)
        on(every[i], jump);

    if (!sigsetjmp(back, 1))
        *(volatile int *)8 = 1;
    tell("1 nothing is mapped", (void *)8);
    printf("  trap %lld, write %d, cr2 %llx\n", context.uc_mcontext.gregs[REG_TRAPNO],
           (context.uc_mcontext.gregs[REG_ERR] & 6) == 6, (long long)context.uc_mcontext.gregs[REG_CR2]);

    page = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!sigsetjmp(back, 1))
        page[5] = 1;
    tell("2 read-only page", page + 5);

    on(SIGSEGV, repair);
    page[6] = 42;
    tell("3 repaired by mprotect", page + 6);
    printf("  the store was made again: %d\n", page[6]);

    on(SIGSEGV, jump);
    char *none = mmap(0, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!sigsetjmp(back, 1))
        (void)*(volatile char *)none;
    tell("4 no access at all", none);

    page[0] = (char)0xc3;
    if (!sigsetjmp(back, 1))
        ((void (*)(void))page)();
    tell("5 code that is data", page);

    if (!sigsetjmp(back, 1))
        __asm__ volatile("hlt");
    tell("6 privileged instruction", NULL);
    printf("  trap %lld\n", context.uc_mcontext.gregs[REG_TRAPNO]);

    if (!sigsetjmp(back, 1))
        (void)*(volatile char *)0x8000000000001234;
    tell("7 no address at all", NULL);

    /* What is there is not to be known. */
    char *kernels[] = { (char *)0x7ffffffff000, (char *)0xffff800000000000, (char *)-1 };
    for (volatile int i = 0; i < 3; i++) {
        char *volatile there = kernels[i];
        if (!sigsetjmp(back, 1))
            (void)*(volatile char *)there;
        printf("  error %lld", context.uc_mcontext.gregs[REG_ERR]);
        if (!sigsetjmp(back, 1))
            *(volatile char *)there = 1;
        printf(" %lld", context.uc_mcontext.gregs[REG_ERR]);
        if (!sigsetjmp(back, 1))
            ((void (*)(void))there)();
        printf(" %lld", context.uc_mcontext.gregs[REG_ERR]);
        tell(" in the kernel's half", there);
    }

    int fd = open("two", O_RDWR);
    char *mapped = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (!sigsetjmp(back, 1))
        mapped[4096 + 7] = 1;
    tell("8 behind the file's end", mapped + 4096 + 7);

    volatile int zero = 0;
    if (!sigsetjmp(back, 1))
        zero = 5 / zero;
    tell("9 division by zero", (void *)context.uc_mcontext.gregs[REG_RIP]);

    on(SIGILL, skip_two);
    __asm__ volatile("ud2");
    printf("10 behind the instruction that is none: code %d\n", seen.si_code);

    if (!sigsetjmp(back, 1))
        __asm__ volatile("int3");
    tell("11 breakpoint", NULL);
    unsigned char *after = (void *)context.uc_mcontext.gregs[REG_RIP];
    printf("  stopped behind it: %d\n", after[-1] == 0xcc);

    /* By x87: emulators leave the exceptions of SSE out. */
    unsigned short control = 0x37f & ~4;
    if (!sigsetjmp(back, 1))
        __asm__ volatile("fldcw %0\nfld1\nfldz\nfdivrp\nfwait" : : "m"(control));
    tell("12 x87 division by zero", (void *)context.uc_mcontext.gregs[REG_RIP]);
    __asm__ volatile("fninit");
    control = 0x37f & ~1;
    if (!sigsetjmp(back, 1))
        __asm__ volatile("fldcw %0\nfldz\nfldz\nfdivrp\nfwait" : : "m"(control));
    tell("13 x87 invalid", (void *)context.uc_mcontext.gregs[REG_RIP]);
    __asm__ volatile("fninit");

    sigset_t mask;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    printf("14 nothing stays blocked: %d %d\n", sigismember(&mask, SIGSEGV), sigismember(&mask, SIGFPE));

    int faults = 0;
    for (int i = 0; i < 1000; i++)
        if (sigsetjmp(back, 1))
            faults++;
        else
            *(volatile int *)(intptr_t)i = 1;
    printf("15 a thousand faults: %d\n", faults);
    return 0;
}
