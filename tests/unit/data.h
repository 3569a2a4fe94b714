/* data.h - files of tests/data for unit tests. `meson test` says where they are; by hand a test runs
 * from the checkout. */
#pragma once

#include <stdio.h>

#include "base/file.h"
#include "check.h"

static inline const char *pk_test_data_dir(void)
{
    const char *dir = getenv("PICKET_TEST_DATA");

    return dir != NULL ? dir : "tests/data";
}

/* The whole file; a missing one fails the test. The caller ends it with pk_buffer_finish(). */
static inline struct pk_buffer pk_test_file(const char *name)
{
    struct pk_buffer bytes = pk_buffer_of(64UL * 1024 * 1024);
    struct pk_error err = { .text = "" };
    char path[4096];

    (void)snprintf(path, sizeof(path), "%s/%s", pk_test_data_dir(), name);
    if (pk_file_read(path, &bytes, &err) < 0) {
        fail_msg("%s", err.text);
    }
    return bytes;
}
