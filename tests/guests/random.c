// Asks for random bytes.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

int main(void)
{
    unsigned char one[256], two[256];
    int counts[256] = { 0 }, distinct = 0;
    printf("%zd %zd\n", getrandom(one, sizeof one, 0), getrandom(two, sizeof two, GRND_NONBLOCK));
    for (int i = 0; i < 256; i++)
        counts[one[i]]++;
    for (int i = 0; i < 256; i++)
        distinct += counts[i] > 0;
    printf("different %d, spread %d\n", memcmp(one, two, sizeof one) != 0, distinct > 100);
    printf("bad flags %zd, bad address %zd\n", getrandom(one, 1, 0x8000), getrandom((void *)8, 16, 0));
    int fd = open("/dev/urandom", O_RDONLY);
    printf("device %zd\n", read(fd, one, 16));
    return 0;
}
