// Moves bytes by every call that does, and prints what arrives.
//@ file: data/text = The quick brown fox jumps over the lazy dog.
//@ stdin: from outside
//@ forms: static-pie
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int number;

static const char *why(long result)
{
    return result < 0 ? strerrorname_np(errno) : "ok";
}

static void content(int fd)
{
    char text[256] = "";
    ssize_t got = pread(fd, text, 255, 0);
    printf("  [%.*s]\n", (int)got, text);
}

static long long at(int fd)
{
    return lseek(fd, 0, SEEK_CUR);
}

int main(void)
{
    char a[8] = "", b[16] = "", c[64] = "";
    struct iovec parts[3] = { { a, 4 }, { b, 6 }, { c, 40 } };
    int in = open("data/text", O_RDONLY), out = open("tmp/out", O_CREAT | O_RDWR, 0600);
    printf("%d readv %zd", ++number, readv(in, parts, 3));
    printf(" [%s] [%s] [%s], at %lld\n", a, b, c, at(in));
    printf("%d preadv %zd", ++number, preadv(in, parts, 2, 10));
    printf(" [%s] [%s], at %lld\n", a, b, at(in));
    lseek(in, 4, SEEK_SET);
    printf("%d preadv2 from where it is %zd", ++number, preadv2(in, parts, 1, -1, 0));
    printf(" [%s], at %lld", a, at(in));
    printf(", no waiting %zd", preadv2(in, parts, 1, 0, RWF_NOWAIT));
    printf(", unknown %s\n", why(preadv2(in, parts, 1, 0, 0x10000)));
    struct iovec words[3] = { { "one ", 4 }, { "", 0 }, { "three", 5 } };
    printf("%d writev %zd", ++number, writev(out, words, 3));
    printf(", pwritev %zd", pwritev(out, words, 1, 20));
    printf(", at %lld", at(out));
    printf(", pwritev2 at the end %zd", pwritev2(out, words + 2, 1, 0, RWF_APPEND));
    printf(", synchronously %zd\n", pwritev2(out, words, 1, 4, RWF_DSYNC));
    content(out);
    printf("%d none %zd", ++number, readv(in, parts, 0));
    printf(", too many %s", why(readv(in, parts, 5000)));
    parts[1].iov_len = SSIZE_MAX;
    printf(", too long %s", why(readv(in, parts, 3)));
    parts[1] = (struct iovec){ (void *)8, 6 };
    lseek(in, 0, SEEK_SET);
    printf(", bad in the middle %zd", readv(in, parts, 3));
    printf(", at %lld", at(in));
    parts[0] = parts[1];
    printf(", bad at first %s", why(readv(in, parts, 1)));
    printf(", bad list %s\n", why(readv(in, (void *)8, 1)));

    off_t offset = 4;
    ftruncate(out, 0);
    lseek(out, 0, SEEK_SET);
    printf("%d sendfile %zd", ++number, sendfile(out, in, &offset, 5));
    printf(", from %lld, at %lld and %lld", (long long)offset, at(in), at(out));
    printf(", the rest %zd", sendfile(out, in, NULL, 1000));
    printf(", at the end %zd", sendfile(out, in, NULL, 1000));
    printf(", to a reader %s\n", why(sendfile(in, in, NULL, 1)));
    content(out);
    off_t from = 0, to = 2;
    ftruncate(out, 0);
    printf("%d copy_file_range %zd", ++number, copy_file_range(in, &from, out, &to, 9, 0));
    printf(", %lld to %lld", (long long)from, (long long)to);
    from = 0, to = 4;
    printf(", within one file %zd", copy_file_range(out, &from, out, &(off_t){ 20 }, 5, 0));
    printf(", overlapping %s", why(copy_file_range(out, &from, out, &(off_t){ 6 }, 9, 0)));
    printf(", flags %s", why(copy_file_range(in, &from, out, &to, 9, 1)));
    int folder = open("data", O_RDONLY);
    printf(", folder %s\n", why(copy_file_range(folder, NULL, out, NULL, 9, 0)));
    printf("%d splice of files %s", ++number, why(splice(in, NULL, out, NULL, 5, 0)));
    printf(", tee %s", why(tee(in, out, 5, 0)));
    printf(", vmsplice %s", why(vmsplice(out, words, 1, 0)));
    printf(", splice of nothing %s", why(splice(99, NULL, out, NULL, 5, 0)));
    printf(", of no bytes %s\n", why(splice(in, NULL, out, NULL, 0, 0)));
    printf("%d read a folder %s", ++number, why(read(folder, a, 1)));
    printf(", write a reader %s", why(write(in, a, 1)));
    printf(", pread before the start %s", why(pread(in, a, 1, -1)));
    printf(", read no bytes %zd", read(in, (void *)8, 0));
    printf(", pread a pipe %s\n", why(pread(0, a, 1, 0)));
    int appender = open("tmp/out", O_WRONLY | O_APPEND);
    printf("%d copy to an appender %s", ++number, why(copy_file_range(in, &from, appender, NULL, 2, 0)));
    printf(", sendfile %s\n", why(sendfile(appender, in, NULL, 2)));
    printf("%d far away %s", ++number, why(pwrite(out, "x", 1, LLONG_MAX)));
    printf(", seek there %s", why(lseek(out, LLONG_MAX, SEEK_SET) < 0 ? -1 : 0));
    printf(", negative %s", why(lseek(out, -5, SEEK_SET)));
    printf(", whence %s\n", why(lseek(out, 0, 17)));
    printf("%d sync: fsync %s", ++number, why(fsync(out)));
    printf(", fdatasync %s", why(fdatasync(folder)));
    printf(", syncfs %s", why(syncfs(out)));
    printf(", range %s", why(sync_file_range(out, 0, 10, SYNC_FILE_RANGE_WRITE)));
    printf(", range flags %s", why(sync_file_range(out, 0, 10, 64)));
    printf(", pipe %s", why(fsync(0)));
    printf(", range of a pipe %s", why(sync_file_range(0, 0, 1, 0)));
    printf(", nothing %s\n", why(fsync(99)));
    printf("%d advice %s", ++number, strerrorname_np(posix_fadvise(in, 0, 0, POSIX_FADV_SEQUENTIAL)) ? "other" : "ok");
    printf(", unknown %s", strerrorname_np(posix_fadvise(in, 0, 0, 77)));
    printf(", pipe %s", strerrorname_np(posix_fadvise(0, 0, 0, POSIX_FADV_NORMAL)));
    printf(", readahead %s", why(readahead(in, 0, 100)));
    printf(", of a folder %s", why(readahead(folder, 0, 100)));
    printf(", of a writer %s\n", why(readahead(appender, 0, 100)));
    char *text = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, out, 0);
    printf("%d a file's own mapping as a buffer: %zd", ++number, pread(out, text + 100, 20, 0));
    printf(", as a source %zd\n", pwrite(out, text, 5, 30));
    content(out);
    printf("%d stdin %zd", ++number, read(0, b, 4));
    b[4] = 0;
    printf(" [%s], seek %s\n", b, why(lseek(0, 0, SEEK_CUR)));
    return 0;
}
