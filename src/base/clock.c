#include "base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TIME_MAX_MS INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

static int64_t now(clockid_t id)
{
    struct timespec ts;

    if (clock_gettime(id, &ts) != 0) {
        return 0;
    }
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t pk_clock_ms(void)
{
    return now(CLOCK_REALTIME);
}

int64_t pk_clock_monotonic_ms(void)
{
    return now(CLOCK_BOOTTIME);
}

struct timespec pk_clock_after(int64_t ms)
{
    struct timespec at = { 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += ms % 1000 * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

char *pk_time_format(int64_t at_ms, char out[PK_TIME_TEXT])
{
    struct tm tm;
    time_t seconds;

    at_ms = at_ms < 0 ? 0 : at_ms > TIME_MAX_MS ? TIME_MAX_MS : at_ms;
    seconds = (time_t)(at_ms / 1000);
    (void)gmtime_r(&seconds, &tm);
    (void)snprintf(out, PK_TIME_TEXT, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
            (unsigned)(tm.tm_year + 1900) % 10000U, (unsigned)(tm.tm_mon + 1) % 100U,
            (unsigned)tm.tm_mday % 100U, (unsigned)tm.tm_hour % 100U, (unsigned)tm.tm_min % 100U,
            (unsigned)tm.tm_sec % 100U, (unsigned)(at_ms % 1000));
    return out;
}

/* Exactly n digits at *p; advances. */
static bool digits(const char **p, int n, int *out)
{
    int value = 0;

    for (int i = 0; i < n; i++, (*p)++) {
        if (**p < '0' || **p > '9') {
            return false;
        }
        value = value * 10 + (**p - '0');
    }
    *out = value;
    return true;
}

static bool literal(const char **p, char c)
{
    if (**p != c) {
        return false;
    }
    (*p)++;
    return true;
}

/* Days since 1970-01-01 of a proleptic Gregorian date (H. Hinnant, "chrono-compatible low-level
 * date algorithms"). */
static int64_t days_from_civil(int y, int m, int d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

    return era * 146097 + doe - 719468;
}

static bool date(const char **p, int64_t *days)
{
    static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int y;
    int m;
    int d;
    bool leap;

    if (!digits(p, 4, &y) || !literal(p, '-') || !digits(p, 2, &m) || !literal(p, '-') ||
            !digits(p, 2, &d) || y < 1970 || m < 1 || m > 12 || d < 1) {
        return false;
    }
    leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    if (d > lengths[m - 1] + (m == 2 && leap ? 1 : 0)) {
        return false;
    }
    *days = days_from_civil(y, m, d);
    return true;
}

static bool zone(const char **p, int64_t *offset_ms)
{
    int sign;
    int h;
    int m;

    if (literal(p, 'Z') || literal(p, 'z')) {
        *offset_ms = 0;
        return true;
    }
    sign = **p == '+' ? 1 : **p == '-' ? -1 : 0;
    if (sign == 0) {
        return false;
    }
    (*p)++;
    if (!digits(p, 2, &h) || !literal(p, ':') || !digits(p, 2, &m) || h > 23 || m > 59) {
        return false;
    }
    *offset_ms = sign * (h * PK_HOUR_MS + m * PK_MINUTE_MS);
    return true;
}

static bool fraction(const char **p, int64_t *ms)
{
    int64_t value = 0;
    int n = 0;

    *ms = 0;
    if (!literal(p, '.')) {
        return true;
    }
    for (; **p >= '0' && **p <= '9'; (*p)++, n++) {
        if (n < 3) {
            value = value * 10 + (**p - '0');
        }
    }
    if (n == 0 || n > 9) {
        return false;
    }
    for (; n < 3; n++) {
        value *= 10;
    }
    *ms = value;
    return true;
}

int pk_time_parse(const char *text, int64_t *out)
{
    const char *p = text;
    int64_t days;
    int64_t ms;
    int64_t offset;
    int h;
    int m;
    int s;

    if (!date(&p, &days) || (!literal(&p, 'T') && !literal(&p, 't')) || !digits(&p, 2, &h) ||
            !literal(&p, ':') || !digits(&p, 2, &m) || !literal(&p, ':') || !digits(&p, 2, &s) ||
            h > 23 || m > 59 || s > 60 || !fraction(&p, &ms) || !zone(&p, &offset) || *p != '\0') {
        return PK_EMALF;
    }
    *out = days * PK_DAY_MS + h * PK_HOUR_MS + m * PK_MINUTE_MS + s * PK_SECOND_MS + ms - offset;
    return PK_OK;
}

int pk_date_parse(const char *text, int64_t *out)
{
    const char *p = text;
    int64_t days;

    if (!date(&p, &days) || *p != '\0') {
        return PK_EMALF;
    }
    *out = days * PK_DAY_MS;
    return PK_OK;
}
