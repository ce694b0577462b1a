// Dies by what a processor answers with a general protection fault.
//@ args: canonical
//@ args: halt
//@ args: port
//@ args: misaligned
//@ stderr-has: protection.c
//@ forms: pie
//@ compare: stdout status
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    printf("dying by %s\n", how);
    fflush(stdout);
    if (!strcmp(how, "canonical"))
        __asm__ volatile("mov (%0), %%eax" : : "r"(0xdead000000000000UL) : "eax");
    if (!strcmp(how, "halt"))
        __asm__ volatile("hlt");
    if (!strcmp(how, "port"))
        __asm__ volatile("outb %%al, $0x80" : : : "memory");
    if (!strcmp(how, "misaligned"))
        __asm__ volatile("movaps (%0), %%xmm0" : : "r"((unsigned long)how | 1) : "xmm0");
    puts("still alive");
    return 0;
}
