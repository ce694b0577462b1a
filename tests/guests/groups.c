// Sets its groups, and its ids to what they are.
//@ native: root
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <unistd.h>

static void told(const char *what, long result)
{
    printf("%s: %ld %s\n", what, result, result < 0 ? strerrorname_np(errno) : "");
}

int main(void)
{
    gid_t groups[3] = { 30, 10, 20 };
    told("setuid", setuid(getuid()));
    told("setgid", setgid(getgid()));
    told("setreuid", setreuid(-1, geteuid()));
    told("setregid", setregid(getgid(), -1));
    told("setresuid", setresuid(-1, -1, -1));
    told("setresgid", setresgid(-1, 0, -1));
    told("setuid to none", setuid(-1));
    told("setfsuid", setfsuid(0));
    told("setfsgid", setfsgid(-1));
    told("no groups", setgroups(0, 0));
    told("none left", getgroups(0, 0));
    told("groups", setgroups(3, groups));
    memset(groups, 0, sizeof groups);
    told("too short", getgroups(2, groups));
    told("read", getgroups(3, groups));
    printf("sorted %u %u %u\n", groups[0], groups[1], groups[2]);
    told("too many", setgroups(65537, groups));
    told("bad", setgroups(2, (gid_t *)1));
    return 0;
}
