// sendfile and copy_file_range: offsets of files and in memory, short ends, what is refused.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

static void show(const char *what, long result)
{
    printf("%s %ld %s\n", what, result, result < 0 ? strerror(errno) : "");
}

int main(void)
{
    char text[64] = {0};
    int a = open("/tmp/copy-a", O_CREAT | O_TRUNC | O_RDWR, 0600);
    int b = open("/tmp/copy-b", O_CREAT | O_TRUNC | O_RDWR, 0600);
    int end = open("/tmp/copy-b", O_WRONLY | O_APPEND);
    off_t in = 3;
    loff_t from = 2, to = 8;

    show("write", write(a, "0123456789", 10));
    show("at the end", sendfile(b, a, NULL, 10));
    show("from an offset", sendfile(b, a, &in, 4));
    printf("offset %ld position %ld\n", (long)in, (long)lseek(a, 0, SEEK_CUR));
    show("range", copy_file_range(a, &from, b, &to, 3, 0));
    printf("from %ld to %ld\n", (long)from, (long)to);
    show("beyond", copy_file_range(a, &to, b, &from, 100, 0));
    show("read", pread(b, text, sizeof text - 1, 0));
    for (int i = 0; i < 12; i++)
        putchar(text[i] ? text[i] : '.');
    putchar('\n');
    show("overlapping", copy_file_range(a, &(loff_t){0}, a, &(loff_t){1}, 5, 0));
    show("appending", copy_file_range(a, &(loff_t){0}, end, NULL, 5, 0));
    show("flags", copy_file_range(a, &(loff_t){0}, b, NULL, 5, 1));
    for (int end = 0; end < 2; end++) {
        off_t before[] = {-1, -100, -1};
        size_t lengths[] = {5, 5, 0};
        for (int i = 0; i < 3; i++)
            show(end ? "to before the start" : "from before the start",
                 copy_file_range(a, end ? &(loff_t){0} : &before[i], b, end ? &before[i] : &(loff_t){0}, lengths[i], 0));
    }
    show("behind all lengths", copy_file_range(a, &(loff_t){5}, b, &(loff_t){0}, -1, 0));
    show("nearly", copy_file_range(a, &(loff_t){5}, b, &(loff_t){0}, -6, 0));
    show("within, up to the end", copy_file_range(a, &(loff_t){8}, a, &(loff_t){4}, 100, 0));
    show("send from before the start", sendfile(b, a, &(off_t){-1}, 5));
    show("send appending", sendfile(end, a, &(off_t){0}, 5));
    show("bad", sendfile(99, a, NULL, 1));
    show("write only", sendfile(b, end, &(off_t){0}, 1));
    unlink("/tmp/copy-a");
    unlink("/tmp/copy-b");
    return 0;
}
