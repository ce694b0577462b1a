// Handles strings with the functions that libraries pick by processor.
#define _GNU_SOURCE
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
    unsigned long wrong = 0;
    char *text = malloc(5000), *copy = malloc(5000);
    for (int size = 0; size < 4000; size += size < 80 ? 1 : 37) {
        for (int shift = 0; shift < 33; shift += 11) {
            memset(text, 'x', 5000);
            memset(text + shift, 'a', size);
            text[shift + size] = 0;
            wrong += strlen(text + shift) != (size_t)size;
            memcpy(copy + 1, text + shift, size + 1);
            wrong += strcmp(copy + 1, text + shift) != 0 || memcmp(copy + 1, text + shift, size + 1) != 0;
            wrong += memchr(text + shift, 0, 5000 - shift) != text + shift + size;
            wrong += strchr(text + shift, 'b') != NULL || strrchr(text + shift, 'x') != NULL;
            memmove(copy + 3, copy + 1, size + 1);
            wrong += strlen(copy + 3) != (size_t)size;
        }
    }
    printf("wrong %lu\n", wrong);
    char list[] = "one,two,,three", *rest = list;
    for (char *word; (word = strsep(&rest, ","));)
        printf("<%s>", word);
    printf(" %s\n", strstr("haystack with needle", "needle"));
    printf("%ld %lu %d %d\n", strtol("-0x7f", NULL, 0), strtoul("777", NULL, 8), toupper('q'), isspace('\t') != 0);
    printf("%s | %s\n", strerror(2), strsignal(11));
    return (int)wrong;
}
