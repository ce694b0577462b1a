// What /proc and /sys tell of the process and the machine, compared with what system calls tell.
//@ args: first 'second one'
//@ env: COLOUR=green
//@ file: data/file = 0123456789
//@ forms: static-pie pie
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

static int number;
static char text[65536];

static const char *why(long result)
{
    return result < 0 ? strerrorname_np(errno) : "ok";
}

// Reads a whole file into `text`; its length.
static ssize_t slurp(const char *path)
{
    ssize_t got, all = 0;
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return -1;
    while (all < (ssize_t)sizeof text - 1 && (got = read(fd, text + all, sizeof text - 1 - all)) > 0)
        all += got;
    close(fd);
    text[all] = 0;
    return all;
}

static void has(const char *path, const char *part)
{
    ssize_t got = slurp(path);
    printf("%d %s has \"%s\": %s\n", ++number, path, part, got < 0 ? strerrorname_np(errno) : strstr(text, part) ? "yes" : "no");
}

static void leads(const char *path, const char *expected)
{
    char target[4096] = "", here[4096];
    ssize_t got = readlink(path, target, sizeof target - 1);
    snprintf(here, sizeof here, "%s", expected);
    printf("%d %s leads there: %s\n", ++number, path, got < 0 ? strerrorname_np(errno) : !strcmp(target, here) ? "yes" : "no");
}

static const char *field(const char *label)
{
    char *at = strstr(text, label);
    return at ? at + strlen(label) : "0";
}

int main(int count, char **args)
{
    char here[4096], path[300];
    struct stat one, two;
    getcwd(here, sizeof here);
    printf("%d cmdline %zd:", ++number, slurp("/proc/self/cmdline") - (ssize_t)strlen(args[0]));
    for (char *at = text; *at; at += strlen(at) + 1)
        printf(" [%s]", at == text ? "name" : at);
    printf("\n");
    slurp("/proc/self/environ");
    int found = 0;
    for (char *at = text; *at; at += strlen(at) + 1)
        found += !strcmp(at, "COLOUR=green");
    printf("%d environ: %d\n", ++number, found);
    int same = 0;
    ssize_t got = slurp("/proc/self/auxv");
    for (unsigned long *at = (unsigned long *)text; (char *)at < text + got; at += 2)
        same += at[0] == AT_HWCAP || at[0] == AT_NULL || getauxval(at[0]) == at[1]; // glibc has an own AT_HWCAP
    printf("%d auxv: all %d\n", ++number, got > 0 && same == got / 16);
    leads("/proc/self/cwd", here);
    leads("/proc/self/root", "/");
    stat("/proc/self/exe", &one);
    got = readlink("/proc/self/exe", path, sizeof path - 1);
    path[got < 0 ? 0 : got] = 0;
    printf("%d exe is that file: %d\n", ++number, !stat(path, &two) && one.st_ino == two.st_ino);
    printf("%d exe written to: %s\n", ++number, why(open("/proc/self/exe", O_WRONLY)));
    printf("%d exe starts with %d\n", ++number, slurp("/proc/self/exe") > 1000 && !memcmp(text, "\177ELF", 4));

    int fd = open("data/file", O_RDWR);
    char name[64];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    snprintf(path, sizeof path, "%s/data/file", strcmp(here, "/") ? here : "");
    leads(name, path);
    lstat(name, &one);
    stat(name, &two);
    printf("%d it is a link %o, and it leads to a file of %lld bytes", ++number, one.st_mode, (long long)two.st_size);
    int reader = open("data/file", O_RDONLY);
    snprintf(path, sizeof path, "/proc/self/fd/%d", reader);
    lstat(path, &one);
    close(reader);
    printf(", read only it is %o\n", one.st_mode);
    snprintf(path, sizeof path, "%s/data/file", strcmp(here, "/") ? here : "");
    int again = open(name, O_RDONLY);
    lseek(fd, 5, SEEK_SET);
    printf("%d opened again, with its own place %lld\n", ++number, (long long)lseek(again, 0, SEEK_CUR));
    unlink("data/file");
    strcat(path, " (deleted)");
    leads(name, path);
    again = open(name, O_RDONLY);
    printf("%d what was removed is opened %s", ++number, why(again));
    printf(", %zd bytes\n", read(again, text, 100));
    snprintf(name, sizeof name, "/proc/self/fdinfo/%d", fd);
    slurp(name);
    printf("%d fdinfo: place %d, flags %lo\n", ++number, atoi(field("pos:")), strtol(field("flags:"), 0, 8));
    DIR *folder = opendir("/proc/self/fd");
    int numbers = 0;
    for (struct dirent *entry; (entry = readdir(folder));)
        numbers += entry->d_name[0] >= '0' && entry->d_name[0] <= '9' && atoi(entry->d_name) <= dirfd(folder);
    printf("%d descriptors: all %d\n", ++number, numbers == dirfd(folder) + 1);
    closedir(folder);
    printf("%d none: %s", ++number, why(open("/proc/self/fd/77", O_RDONLY)));
    printf(" %s", why(readlink("/proc/self/fd/77", path, 10)));
    printf(" %s", why(stat("/proc/self/fd/x", &one)));
    printf(" %s\n", why(stat("/proc/self/fd/01", &one)));

    sprintf(path, "%lx-", (unsigned long)&number & ~0xfffUL);
    slurp("/proc/self/maps");
    unsigned long code = (unsigned long)main;
    found = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(0, "\n")) {
        unsigned long start, end;
        char how[8];
        sscanf(line, "%lx-%lx %7s", &start, &end, how);
        found += start <= code && code < end && how[2] == 'x' && strstr(line, "file_proc") || strstr(line, "native") && start <= code && code < end && how[2] == 'x';
        found += 10 * (strstr(line, "[stack]") != 0);
        found += 100 * (start <= (unsigned long)here && (unsigned long)here < end && strstr(line, "[stack]") != 0);
    }
    printf("%d maps: %d\n", ++number, found);
    slurp("/proc/self/stat");
    printf("%d stat: id %d", ++number, atoi(text) == getpid());
    int fields = 2;
    char *at = strrchr(text, ')');
    for (char *word = strtok(at + 1, " \n"); word; word = strtok(0, " \n"))
        fields++;
    printf(", %d fields at least\n", fields >= 52 ? 52 : fields);
    slurp("/proc/self/statm");
    fields = 0;
    for (char *word = strtok(text, " \n"); word; word = strtok(0, " \n"))
        fields++;
    printf("%d statm: %d fields\n", ++number, fields);
    slurp("/proc/self/status");
    printf("%d status: id %d, threads %d, mapped %d, taken %d\n", ++number, atoi(field("\nPid:")) == getpid(), atoi(field("Threads:")),
           atoi(field("VmSize:")) > 100, atoi(field("VmRSS:")) > 10);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    slurp("/proc/self/limits");
    printf("%d limits: %d\n", ++number, strtoul(field("Max open files"), 0, 10) == limit.rlim_cur);
    printf("%d limits of locks and signals are those told: ", ++number);
    getrlimit(RLIMIT_LOCKS, &limit);
    snprintf(path, sizeof path, "%lu", limit.rlim_cur);
    printf("%d", !strncmp(field("Max file locks            "), limit.rlim_cur == RLIM_INFINITY ? "unlimited" : path, strlen(path) < 9 ? strlen(path) : 9));
    getrlimit(RLIMIT_SIGPENDING, &limit);
    printf(" %d\n", strtoul(field("Max pending signals"), 0, 10) == limit.rlim_cur);
    printf("%d coredump_filter: %zd", ++number, slurp("/proc/self/coredump_filter"));
    printf(", digits %zu\n", strspn(text, "0123456789abcdef"));
    slurp("/proc/self/oom_score");
    printf("%d oom_score: %d", ++number, atoi(text) >= 0 && atoi(text) <= 2000 && strchr(text, '\n'));
    slurp("/proc/self/oom_score_adj");
    printf(", adjusted by at most 1000: %d\n", abs(atoi(text)) <= 1000 && strchr(text, '\n'));
    slurp("/proc/sys/kernel/pid_max");
    printf("%d own id is below pid_max: %d\n", ++number, getpid() < atoi(text));
    slurp("/proc/sys/kernel/random/entropy_avail");
    printf("%d entropy: %d\n", ++number, atoi(text));
    printf("%d somaxconn: %d\n", ++number, slurp("/proc/sys/net/core/somaxconn") > 1);
    slurp("/proc/self/comm");
    printf("%d comm: %d characters at most\n", ++number, strlen(text) <= 16 && strchr(text, '\n') ? 15 : (int)strlen(text));
    sprintf(path, "/proc/self/task/%d/stat", getpid());
    printf("%d task: %d", ++number, slurp(path) > 20);
    printf(", /proc/%s", realpath("/proc/self", here) && atoi(here + 6) == getpid() ? "own id" : "other");
    printf(", thread-self %d\n", slurp("/proc/thread-self/comm") > 0);
    has("/proc/self/mounts", " /proc proc ");
    has("/proc/mounts", " /sys sysfs ");
    has("/proc/self/mountinfo", " /proc ");
    has("/proc/filesystems", "proc");
    has("/proc/version", "Linux version ");
    has("/proc/cpuinfo", "model name\t: ");
    has("/proc/cpuinfo", " sse2 ");
    has("/proc/stat", "cpu0 ");
    has("/proc/stat", "\nbtime ");
    struct utsname names;
    uname(&names);
    slurp("/proc/sys/kernel/osrelease");
    printf("%d osrelease: %d", ++number, !strncmp(text, names.release, strlen(names.release)));
    slurp("/proc/sys/kernel/ostype");
    printf(", ostype %s", text);
    slurp("/proc/sys/kernel/hostname");
    printf("%d hostname: %d\n", ++number, !strncmp(text, names.nodename, strlen(names.nodename)));
    slurp("/proc/meminfo");
    printf("%d meminfo: total %d, free %d, available %d\n", ++number, atoi(field("MemTotal:")) > 1000, atoi(field("MemFree:")) > 100,
           atoi(field("MemAvailable:")) > 100);
    slurp("/proc/uptime");
    printf("%d uptime: %d\n", ++number, atof(text) > 0);
    double one_minute, five, fifteen;
    slurp("/proc/loadavg");
    printf("%d loadavg: %d\n", ++number, sscanf(text, "%lf %lf %lf", &one_minute, &five, &fifteen));
    char id[40] = "";
    slurp("/proc/sys/kernel/random/uuid");
    memcpy(id, text, 37);
    got = slurp("/proc/sys/kernel/random/uuid");
    printf("%d uuid: %zd, differs %d", ++number, got, memcmp(id, text, 36) != 0);
    slurp("/proc/sys/kernel/random/boot_id");
    memcpy(id, text, 37);
    got = slurp("/proc/sys/kernel/random/boot_id");
    printf("; boot id %zd, stays %d\n", got, memcmp(id, text, 36) == 0);
    has("/proc/sys/vm/max_map_count", "\n");
    has("/sys/devices/system/cpu/online", "0");
    has("/sys/devices/system/cpu/possible", "0");
    has("/sys/devices/system/clocksource/clocksource0/current_clocksource", "\n");

    fd = open("/proc/uptime", O_RDONLY);
    fstat(fd, &one);
    got = read(fd, text, 3);
    printf("%d piece by piece: size %lld, %zd", ++number, (long long)one.st_size, got);
    got = read(fd, text + 3, 100);
    text[3 + got] = 0;
    printf(", all %d", strchr(text, '\n') != 0);
    printf(", end %zd", read(fd, text, 100));
    printf(", again from the start %lld", (long long)lseek(fd, 0, SEEK_SET));
    printf(" %d\n", read(fd, text, 100) > 3);
    printf("%d making: file %s", ++number, why(open("/proc/new", O_CREAT | O_WRONLY, 0600)));
    printf(", folder %s", why(mkdir("/proc/new", 0755)));
    printf(", in sys %s", why(mkdir("/sys/new", 0755)));
    printf(", removing %s", why(unlink("/proc/version")));
    printf(" %s", why(rmdir("/sys/kernel")));
    printf(", moving %s", why(rename("/proc/version", "tmp/version")));
    printf(", linking %s", why(link("/proc/version", "tmp/version")));
    stat("/", &one);
    stat("/proc", &two);
    printf(", devices differ %d\n", one.st_dev != two.st_dev);
    return 0;
}
