// Needs a second library.
//@ libs: m
#include <math.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    (void)argv;
    volatile double x = argc + 0.5;
    printf("%.10f %.10f %.10f %.10f\n", sin(x), exp(x), pow(x, 2.5), sqrt(x));
    printf("%.10f %.10f %.10f\n", atan2(x, 3), log(x), fmod(10, x));
    printf("%.3f %.3f %ld\n", floor(-x), ceil(x), lround(x));
    return 0;
}
