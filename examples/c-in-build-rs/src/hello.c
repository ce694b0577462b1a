#include <stdio.h>
#include <stdlib.h>

#include "punctuation.h"

int main(int argc, char **argv) {
    printf("%s from %s, %s%s\n", getenv("GREETING"), GREETED, argc > 1 ? argv[1] : "nobody", END);
    return 0;
}
