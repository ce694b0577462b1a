// Compares what /proc/self/smaps tells of an area with what was done to it.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096

static const char *const labels[] = { "Size:", "KernelPageSize:", "Rss:", "Pss:", "Private_Clean:", "Private_Dirty:",
                                      "Anonymous:", "Swap:", "Locked:" };

// Prints the numbers of the area that starts at `at`, and some of its flags.
static void tell(const char *when, void *at)
{
    char line[4096], start[32];
    int is_it = 0;
    FILE *file = fopen("/proc/self/smaps", "r");
    snprintf(start, sizeof start, "%lx-", (unsigned long)at);
    printf("%s:", when);
    while (fgets(line, sizeof line, file)) {
        unsigned long a, b;
        char c;
        if (sscanf(line, "%lx-%lx %c", &a, &b, &c) == 3) {
            is_it = !strncmp(line, start, strlen(start));
            continue;
        }
        for (unsigned i = 0; is_it && i < sizeof labels / sizeof *labels; i++)
            if (!strncmp(line, labels[i], strlen(labels[i]))) {
                unsigned long kilobytes;
                sscanf(line + strlen(labels[i]), "%lu", &kilobytes);
                printf(" %s%lu", labels[i], kilobytes);
            }
        for (const char *flag = "rd wr ex sh gd lo hg nh "; is_it && !strncmp(line, "VmFlags:", 8) && *flag; flag += 3) {
            char name[5] = { ' ', flag[0], flag[1], ' ', 0 };
            if (strstr(line, name))
                printf(" %.2s", flag);
        }
    }
    printf("\n");
    fclose(file);
}

int main(void)
{
    int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
    // Of another protection about it, so that it stays an area of its own.
    char *about = mmap(0, 20 * PAGE, PROT_NONE, anonymous, -1, 0);
    char *area = about + 4 * PAGE;
    mmap(area, 8 * PAGE, PROT_READ | PROT_WRITE, anonymous | MAP_FIXED, -1, 0);
    tell("untouched", area);
    memset(area, 1, 3 * PAGE);
    tell("three written", area);
    volatile char zero = area[5 * PAGE];
    (void)zero;
    tell("one read", area);
    mlock(area, 8 * PAGE);
    tell("locked", area);
    munlock(area, 8 * PAGE);
    madvise(area, 8 * PAGE, MADV_DONTNEED);
    tell("forgotten", area);
    mprotect(area, 8 * PAGE, PROT_READ | PROT_EXEC);
    tell("executable", area);
    madvise(area, 8 * PAGE, MADV_NOHUGEPAGE);
    tell("never large", area);

    int fd = open("tmp/file", O_RDWR | O_CREAT, 0600);
    memset(about = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, anonymous, -1, 0), 2, 4 * PAGE);
    printf("written %zd\n", write(fd, about, 4 * PAGE));
    char *file = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    file[PAGE] = 1;
    tell("private of a file, one written", file);
    char *shared = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    tell("shared, untouched", shared);

    char line[256];
    FILE *all = fopen("/proc/self/smaps_rollup", "r");
    unsigned long kilobytes;
    printf("rollup %d", fgets(line, sizeof line, all) && strstr(line, " ---p ") && strstr(line, "[rollup]"));
    printf(" %d\n", fgets(line, sizeof line, all) && sscanf(line, "Rss: %lu", &kilobytes) == 1 && kilobytes > 16);
    return 0;
}
