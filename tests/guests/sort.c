// Sorts and searches.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int up(const void *a, const void *b)
{
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
    return (x > y) - (x < y);
}

static int words(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int main(void)
{
    static unsigned numbers[50000];
    unsigned state = 1, unsorted = 0;
    for (int i = 0; i < 50000; i++)
        numbers[i] = state = state * 1103515245 + 12345;
    unsigned wanted = numbers[777];
    qsort(numbers, 50000, sizeof *numbers, up);
    for (int i = 1; i < 50000; i++)
        unsorted += numbers[i - 1] > numbers[i];
    printf("unsorted %u, first %u, last %u\n", unsorted, numbers[0], numbers[49999]);
    unsigned *found = bsearch(&wanted, numbers, 50000, sizeof *numbers, up);
    printf("found %d\n", found && *found == wanted);
    const char *list[] = { "pear", "apple", "fig", "Zebra", "" };
    qsort(list, 5, sizeof *list, words);
    for (int i = 0; i < 5; i++)
        printf("[%s]", list[i]);
    puts("");
    return 0;
}
