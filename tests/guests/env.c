// Reads, changes and lists its environment.
//@ env: GUEST_GREETING=hello there
//@ env: GUEST_EMPTY=
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

static void show(const char *name)
{
    const char *value = getenv(name);
    printf("%s=%s\n", name, value ? value : "(unset)");
}

int main(void)
{
    int count = 0;
    show("GUEST_GREETING");
    show("GUEST_EMPTY");
    show("GUEST_NOT_THERE");
    show("HOME");
    for (char **entry = environ; *entry; entry++)
        count += !strncmp(*entry, "GUEST_", 6);
    printf("%d entries of ours\n", count);
    setenv("GUEST_EMPTY", "now set", 1);
    setenv("GUEST_GREETING", "not replaced", 0);
    show("GUEST_EMPTY");
    show("GUEST_GREETING");
    unsetenv("GUEST_GREETING");
    show("GUEST_GREETING");
    clearenv();
    show("HOME");
    return 0;
}
