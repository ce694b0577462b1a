// Prints and reads floating point numbers.
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    volatile double third = 1.0 / 3, big = 1e300, zero = 0;
    printf("%f %.17g %e %g %a\n", third, third, third, third, third);
    printf("%g %g %g %g\n", big * big, -big * big, zero / zero != zero / zero ? 1.0 : 0.0, -zero);
    printf("%.0f %.0f %.0f %.0f\n", 0.5, 1.5, 2.5, -0.5);
    printf("%.40f\n", 0.1);
    printf("%Lf %.20Lg\n", 1.0L / 3, (long double)M_PI);
    printf("%g %g %g\n", DBL_MAX, DBL_MIN, DBL_MIN / 4);
    printf("%d %d\n", (int)-2.7, (int)2.7);
    printf("%.17g %.17g %.17g\n", strtod("1e-320", NULL), strtod("0x1.8p3", NULL), strtod("3.14159265358979", NULL));
    printf("%f %f\n", (double)strtof("0.1", NULL), atof("-12.5e2x"));
    float sum = 0;
    for (int i = 1; i <= 1000; i++)
        sum += 1.0f / (float)i;
    printf("%.9g\n", (double)sum);
    return 0;
}
