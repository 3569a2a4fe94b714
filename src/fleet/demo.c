#include "fleet/options.h"
int pk_fleet_demo(const struct pk_fleet_options *options)
{
    (void)options;
    return 3;
}
