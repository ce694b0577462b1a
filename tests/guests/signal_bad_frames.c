// Frames that a handler spoils: what the processor would refuse is a fault, what a program may not have is dropped.
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static sigjmp_buf back;
static volatile int which, code;
static char *hole;

static void spoil(int number, siginfo_t *info, void *raw)
{
    (void)number;
    (void)info;
    ucontext_t *uc = raw;
    greg_t *registers = uc->uc_mcontext.gregs;
    char *state = (char *)uc->uc_mcontext.fpregs;
    uint64_t word;
    switch (which) {
    case 1: /* a bit of MXCSR that does not exist */
        memset(state + 24, 0xff, 4);
        break;
    case 2: /* a component that does not exist */
        memcpy(&word, state + 512, 8);
        word |= 1ull << 40;
        memcpy(state + 512, &word, 8);
        break;
    case 3: /* another form */
        word = 1;
        memcpy(state + 520, &word, 8);
        break;
    case 4: /* reserved bytes of the header */
        state[540] = 1;
        break;
    case 5: /* no state: the initial one */
        uc->uc_mcontext.fpregs = NULL;
        break;
    case 6: /* nothing is there */
        uc->uc_mcontext.fpregs = (void *)hole;
        break;
    case 7: /* not aligned */
        uc->uc_mcontext.fpregs = (void *)(state + 1);
        break;
    case 8: /* no words behind it: the legacy part counts */
        memset(state + 464, 0, 4);
        break;
    case 9: /* an address that is none */
        registers[REG_RIP] = (greg_t)0x8000000000000000;
        break;
    case 10: /* the kernel's half */
        registers[REG_RIP] = (greg_t)0xffffffff80100000;
        break;
    case 11: /* behind the program's half */
        registers[REG_RIP] = 0x7ffffffff000;
        break;
    case 12: /* interrupts off, all I/O, nested task, virtual 8086 */
        registers[REG_EFL] |= 0x3000 | 0x4000 | 0x20000;
        registers[REG_EFL] &= ~0x200;
        break;
    case 13: /* signals that can't be blocked */
        sigaddset(&uc->uc_sigmask, SIGKILL);
        sigaddset(&uc->uc_sigmask, SIGSTOP);
        memset(&uc->uc_sigmask, 0xff, 8);
        break;
    case 14: /* a stack that is none */
        uc->uc_stack.ss_flags = 77;
        break;
    }
}

static void leave(int number, siginfo_t *info, void *raw)
{
    (void)number;
    (void)raw;
    code = info->si_code;
    siglongjmp(back, 1);
}

int main(void)
{
    static char stack[65536];
    stack_t other = { stack, 0, sizeof stack };
    sigaltstack(&other, NULL);
    hole = mmap(0, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = spoil;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGUSR1, &action, NULL);
    action.sa_sigaction = leave;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaction(SIGSEGV, &action, NULL);
    for (volatile int i = 1; i <= 14; i++) {
        which = i;
        if (sigsetjmp(back, 1))
            printf("%d is a fault: code %d\n", i, code);
        else {
            raise(SIGUSR1);
            printf("%d goes on\n", i);
        }
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        double half = 0.5;
        __asm__ volatile("addsd %0, %0" : "+x"(half));
        if (half != 1.0)
            puts("arithmetic is broken");
    }
    if (!sigsetjmp(back, 1))
        __asm__ volatile("mov %0, %%rsp\nmov $15, %%eax\nsyscall\nud2" : : "r"(hole + 32768) : "memory");
    printf("15 no frame at all: code %d\n", code);
    if (!sigsetjmp(back, 1))
        __asm__ volatile("mov $-64, %%rsp\nmov $15, %%eax\nsyscall\nud2" : : : "memory");
    printf("16 a stack that is no address: code %d\n", code);
    return 0;
}
