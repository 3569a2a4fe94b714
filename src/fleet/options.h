/* options.h - the command line of picket-fleet, the same for its modes. */
#pragma once

#include <stdint.h>
#include <stdbool.h>

struct pk_fleet_options {
    const char *url;   /* enrolment link */
    const char *state; /* file with the devices' keys, for a second run; NULL: none is kept */
    const char *acks;  /* file of acknowledged sequence numbers; NULL: none */
    int64_t devices;
    int64_t days;
    int64_t seconds;
    int64_t rate;  /* reports a second, all devices together; 0: as fast as answers come */
    int64_t batch; /* observations in a report */
    int64_t seed;
    bool steps; /* wait: goes on to the next step when a line comes on standard input */
    volatile const int *stop;
};

int pk_fleet_demo(const struct pk_fleet_options *options);
int pk_fleet_load(const struct pk_fleet_options *options);
int pk_fleet_wait(const struct pk_fleet_options *options);
int pk_fleet_spread(const struct pk_fleet_options *options);
