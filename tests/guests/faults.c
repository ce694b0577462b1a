// Dies by each signal that the processor or the program itself can cause.
//@ args: divide
//@ args: illegal
//@ args: trap
//@ args: read
//@ args: execute
//@ args: constant
//@ args: past_end
//@ args: stack
//@ args: term
//@ args: kill
//@ forms: pie
//@ compare: stdout status
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char constant[] = "read only";

static int deeper(volatile char *above, int depth)
{
    volatile char here[65536];
    here[0] = above[0];
    here[65535] = (char)depth;
    return deeper(here, depth + 1) + here[65535];
}

static void past_end(void)
{
    int fd = open("tmp/short", O_CREAT | O_RDWR, 0600);
    if (write(fd, "x", 1) != 1)
        _exit(90);
    char *page = mmap(0, 8192, PROT_READ, MAP_PRIVATE, fd, 0);
    printf("first byte %c, then %d\n", page[0], page[1]);
    fflush(stdout);
    volatile char lost = page[4096];
    (void)lost;
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    volatile int zero = 0;
    printf("dying by %s\n", how);
    fflush(stdout);
    if (!strcmp(how, "divide"))
        zero = 1 / zero;
    if (!strcmp(how, "illegal"))
        __asm__ volatile("ud2");
    if (!strcmp(how, "trap"))
        __asm__ volatile("int3");
    if (!strcmp(how, "read"))
        zero = *(volatile int *)0x10000dead000;
    if (!strcmp(how, "execute")) {
        static char data[16] = { (char)0xc3 };
        ((void (*)(void))(void *)data)();
    }
    if (!strcmp(how, "constant"))
        *(volatile char *)constant = 'R';
    if (!strcmp(how, "past_end"))
        past_end();
    if (!strcmp(how, "stack"))
        return deeper((volatile char *)how, 0);
    if (!strcmp(how, "term"))
        raise(SIGTERM);
    if (!strcmp(how, "kill"))
        kill(getpid(), SIGKILL);
    puts("still alive");
    return 0;
}
