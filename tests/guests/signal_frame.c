// The frame of a handler: registers, vector state, mask, what a handler changes in it.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

static greg_t *registers;
static greg_t copy[NGREG];
static int aligned, extended, magic, end_magic, has_info;
static uint64_t xmm5_seen, flags_inside;
static sigset_t mask_seen;

static void look(int number, siginfo_t *info, void *raw)
{
    ucontext_t *uc = raw;
    registers = uc->uc_mcontext.gregs;
    memcpy(copy, registers, sizeof copy);
    __asm__ volatile("pushfq\npop %0" : "=r"(flags_inside));
    struct _libc_fpstate *fp = uc->uc_mcontext.fpregs;
    uint32_t *words = (uint32_t *)((char *)fp + 464);
    aligned = ((uintptr_t)fp & 63) == 0;
    magic = words[0] == 0x46505853;
    extended = words[4] >= 576 && words[1] == words[4] + 4 && (words[2] & 3) == 3;
    end_magic = *(uint32_t *)((char *)fp + words[4]) == 0x46505845;
    memcpy(&xmm5_seen, &fp->_xmm[5], 8);
    has_info = info->si_signo == number;
    mask_seen = uc->uc_sigmask;
    uint64_t changed = 0x7777;
    memcpy(&fp->_xmm[6], &changed, 8);
    registers[REG_R12] = 0x1212;
    sigaddset(&uc->uc_sigmask, SIGUSR2);
    /* Whatever the handler does to vector registers must not show behind it. */
    __asm__ volatile("pcmpeqd %%xmm5, %%xmm5\npcmpeqd %%xmm7, %%xmm7" ::: "xmm5", "xmm7");
}

int main(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = look;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGILL, &action, NULL);
    uint64_t r12 = 0, r13 = 0, xmm5 = 0, xmm6 = 0, xmm7 = 0, rax = 0;
    __asm__ volatile(
        "mov $0x5555, %%rax\nmovq %%rax, %%xmm5\nmovq %%rax, %%xmm7\n"
        "mov $0x1300, %%r13\nmov $0x1200, %%r12\nstd\n"
        "mov %[number], %%eax\nmov %[pid], %%edi\nmov %[signal], %%esi\nsyscall\ncld\n"
        "mov %%rax, %[rax]\nmov %%r12, %[r12]\nmov %%r13, %[r13]\n"
        "movq %%xmm5, %[xmm5]\nmovq %%xmm6, %[xmm6]\nmovq %%xmm7, %[xmm7]\n"
        : [r12] "=m"(r12), [r13] "=m"(r13), [xmm5] "=m"(xmm5), [xmm6] "=m"(xmm6), [xmm7] "=m"(xmm7), [rax] "=m"(rax)
        : [number] "i"(62), [pid] "r"(getpid()), [signal] "i"(SIGUSR1)
        : "rax", "rcx", "rdi", "rsi", "r11", "r12", "r13", "xmm5", "xmm6", "xmm7", "memory", "cc");
    printf("1 registers seen: %llx %llx, result %lld\n", copy[REG_R12], copy[REG_R13], copy[REG_RAX]);
    printf("2 registers behind: %lx %lx, result %ld\n", r12, r13, rax);
    printf("3 extended state: aligned %d, magic %d %d, lengths %d\n", aligned, magic, end_magic, extended);
    printf("4 vector register seen %lx, kept %lx %lx, changed %lx\n", xmm5_seen, xmm5, xmm7, xmm6);
    printf("5 direction flag: before %d, inside %d\n", (copy[REG_EFL] & 0x400) != 0, (flags_inside & 0x400) != 0);
    printf("6 info %d, blocked before %d\n", has_info, sigismember(&mask_seen, SIGUSR1));
    sigset_t mask;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    printf("7 the frame's mask counts behind it: %d %d\n", sigismember(&mask, SIGUSR1), sigismember(&mask, SIGUSR2));
    __builtin_cpu_init();
    int kept = 1;
    if (__builtin_cpu_supports("avx")) {
        uint64_t in[4] = { 1, 2, 3, 4 }, out[4] = { 0 };
        __asm__ volatile(
            "vmovups %[in], %%ymm9\nmov $62, %%eax\nmov %[pid], %%edi\nmov $10, %%esi\nsyscall\nvmovups %%ymm9, %[out]\nvzeroupper\n"
            : [out] "=m"(out) : [in] "m"(in), [pid] "r"(getpid())
            : "rax", "rcx", "rdi", "rsi", "r11", "xmm9", "memory");
        kept = !memcmp(in, out, sizeof in);
    }
    printf("8 AVX registers are kept: %d\n", kept);
    long double three = 3, result;
    __asm__ volatile("fldt %[three]\nmov $62, %%eax\nmov %[pid], %%edi\nmov $10, %%esi\nsyscall\nfstpt %[result]\n"
                     : [result] "=m"(result) : [three] "m"(three), [pid] "r"(getpid())
                     : "rax", "rcx", "rdi", "rsi", "r11", "memory", "st");
    printf("9 x87 stack is kept: %d\n", result == 3);
    return 0;
}
