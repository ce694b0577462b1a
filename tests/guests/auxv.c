// Reads the auxiliary vector.
#define _GNU_SOURCE
#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    (void)argc;
    const unsigned char *random = (void *)getauxval(AT_RANDOM);
    int zeros = 0;
    for (int i = 0; i < 16; i++)
        zeros += random[i] == 0;
    printf("page %lu, random %d, secure %lu\n", getauxval(AT_PAGESZ), zeros < 8, getauxval(AT_SECURE));
    printf("ids %lu %lu\n", getauxval(AT_UID) - getuid(), getauxval(AT_EGID) - getegid());
    printf("headers %d of %lu\n", getauxval(AT_PHDR) != 0 && getauxval(AT_PHNUM) > 3, getauxval(AT_PHENT));
    printf("entry %d\n", getauxval(AT_ENTRY) != 0);
    printf("platform %s\n", (const char *)getauxval(AT_PLATFORM));
    printf("clock ticks %lu\n", getauxval(AT_CLKTCK));
    printf("name %d\n", getauxval(AT_EXECFN) != 0 && argv[0] != NULL);
    return 0;
}
