// Keeps every register across system calls and page faults.
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* Loads all vector and callee-saved registers, runs `middle`, and counts the ones that changed. */
#define CHECK(name, middle, ...)                                                         \
    static int name(void *page)                                                          \
    {                                                                                    \
        static uint64_t seed[32], seen[32];                                              \
        uint64_t plain[6] = { 11, 12, 13, 14, 15, 16 };                                  \
        int changed = 0;                                                                 \
        for (int i = 0; i < 32; i++)                                                     \
            seed[i] = 0x0101010101010101ull * (unsigned)(i + 1);                         \
        __asm__ volatile(                                                                \
            ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"                             \
            "movups \\n*16(%[seed]), %%xmm\\n\n.endr\n"                                  \
            "mov $0x1111, %%r8\nmov $0x2222, %%r9\nmov $0x3333, %%r10\n"                 \
            "mov $0x4444, %%r14\nmov $0x5555, %%r15\nmov $0x6666, %%r13\n" middle        \
            ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"                             \
            "movups %%xmm\\n, \\n*16(%[seen])\n.endr\n"                                  \
            "mov %%r8, 0(%[plain])\nmov %%r9, 8(%[plain])\nmov %%r10, 16(%[plain])\n"    \
            "mov %%r14, 24(%[plain])\nmov %%r15, 32(%[plain])\nmov %%r13, 40(%[plain])\n" \
            :                                                                            \
            : [seed] "D"(seed), [seen] "S"(seen), [plain] "d"(plain), [page] "b"(page)   \
            : "rax", "rcx", "r8", "r9", "r10", "r11", "r13", "r14", "r15", "memory", "cc", \
              "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",    \
              "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");             \
        for (int i = 0; i < 32; i++)                                                     \
            changed += seed[i] != seen[i];                                               \
        for (int i = 0; i < 6; i++)                                                      \
            changed += plain[i] != 0x1111u * (unsigned)(i + 1);                          \
        return changed;                                                                  \
    }

CHECK(across_call, "mov $39, %%eax\nsyscall\n")
CHECK(across_fault, "movb $1, (%[page])\n")

int main(void)
{
    char *pages = mmap(0, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int calls = 0, faults = 0;
    for (int i = 0; i < 16; i++) {
        calls += across_call(pages);
        faults += across_fault(pages + i * 4096);
    }
    printf("changed across calls %d, across faults %d\n", calls, faults);
    return 0;
}
