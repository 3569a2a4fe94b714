#include <stdlib.h>

#include "crowd/visit_apps.h"
#include "server/crowd_internal.h"

typedef unsigned long long ull;

static void write_device(const struct pk_crowd_device *d, struct pk_buffer *out)
{
    (void)pk_buffer_printf(out, "d %s %u %lld %u %u %u\n", d->id, d->tenant,
            (long long)d->enrolment.enrolled_s, d->enrolment.asn, d->enrolment.attestation,
            d->enrolment.ios);
}

void pk_crowd_line_write(const struct pk_crowd_line *line, struct pk_buffer *out)
{
    switch (line->kind) {
    case PK_LINE_ENTRIES:
    case PK_LINE_SKIPPED:
        (void)pk_buffer_printf(out, "%c %d %lld\n", line->kind == PK_LINE_ENTRIES ? 'e' : 'x',
                line->partition, (long long)line->upto);
        break;
    case PK_LINE_DEVICE:
        write_device(&line->device, out);
        break;
    case PK_LINE_TICK:
        (void)pk_buffer_printf(out, "t %lld\n", (long long)line->at_s);
        break;
    case PK_LINE_HEARD:
        (void)pk_buffer_printf(out, "h %d %016llx %016llx %u %a %a %lld\n", (int)line->key.kind,
                (ull)line->key.a, (ull)line->key.b, line->tenant, (double)line->log_odds,
                (double)line->trust, (long long)line->at_s);
        break;
    case PK_LINE_FORGET:
        (void)pk_buffer_printf(out, "f %s\n", line->device.id);
        break;
    case PK_LINE_WARNED:
        (void)pk_buffer_printf(out, "w %s %016llx %lld\n", line->device.id, (ull)line->key.a,
                (long long)line->at_s);
        break;
    case PK_LINE_APP:
        pk_visit_app_write(&line->app, line->device.id, out);
        break;
    }
}

/* Words of one line, one after another; the first that does not fit spoils the line. */
struct words {
    const char *at;
    bool bad;
};

static bool begins(struct words *w)
{
    w->bad = w->bad || *w->at != ' ' || w->at[1] == ' ' || w->at[1] == '\n' || w->at[1] == '\0';
    return !w->bad;
}

static uint64_t number(struct words *w, int base, uint64_t max)
{
    char *end;
    uint64_t n;

    if (!begins(w)) {
        return 0;
    }
    errno = 0;
    n = strtoull(w->at + 1, &end, base);
    w->bad = errno != 0 || end == w->at + 1 || n > max;
    w->at = end;
    return n;
}

static int64_t signed_number(struct words *w)
{
    char *end;
    int64_t n;

    if (!begins(w)) {
        return 0;
    }
    errno = 0;
    n = strtoll(w->at + 1, &end, 10);
    w->bad = errno != 0 || end == w->at + 1;
    w->at = end;
    return n;
}

static float real(struct words *w)
{
    char *end;
    float n;

    if (!begins(w)) {
        return 0;
    }
    n = strtof(w->at + 1, &end);
    w->bad = end == w->at + 1;
    w->at = end;
    return n;
}

static void id_text(struct words *w, char out[PK_CROWD_DEVICE_TEXT])
{
    size_t len;

    if (!begins(w)) {
        return;
    }
    len = strcspn(++w->at, " \n");
    w->bad = len >= PK_CROWD_DEVICE_TEXT;
    if (!w->bad) {
        memcpy(out, w->at, len);
        out[len] = '\0';
        w->at += len;
    }
}

static void read_device(struct words *w, struct pk_crowd_device *out)
{
    id_text(w, out->id);
    out->tenant = (uint32_t)number(w, 10, UINT32_MAX);
    out->enrolment.enrolled_s = signed_number(w);
    out->enrolment.asn = (uint32_t)number(w, 10, UINT32_MAX);
    out->enrolment.attestation = (uint8_t)number(w, 10, PK_ATTESTED_HARDWARE);
    out->enrolment.ios = number(w, 10, 1) != 0;
}

static void read_heard(struct words *w, struct pk_crowd_line *out)
{
    out->key.kind = (enum pk_crowd_kind)number(w, 10, PK_CROWD_KINDS - 1);
    out->key.a = number(w, 16, UINT64_MAX);
    out->key.b = number(w, 16, UINT64_MAX);
    out->tenant = (uint32_t)number(w, 10, UINT32_MAX);
    out->log_odds = real(w);
    out->trust = real(w);
    out->at_s = signed_number(w);
}

static bool read_rest(char kind, struct words *w, struct pk_crowd_line *out)
{
    switch (kind) {
    case 'e':
    case 'x':
        out->kind = kind == 'e' ? PK_LINE_ENTRIES : PK_LINE_SKIPPED;
        out->partition = (int)number(w, 10, PK_PARTITIONS - 1);
        out->upto = (int64_t)number(w, 10, INT64_MAX);
        return true;
    case 'd':
        out->kind = PK_LINE_DEVICE;
        read_device(w, &out->device);
        return true;
    case 't':
        out->kind = PK_LINE_TICK;
        out->at_s = signed_number(w);
        return true;
    case 'h':
        out->kind = PK_LINE_HEARD;
        read_heard(w, out);
        return true;
    case 'f':
        out->kind = PK_LINE_FORGET;
        id_text(w, out->device.id);
        return true;
    case 'w':
        out->kind = PK_LINE_WARNED;
        id_text(w, out->device.id);
        out->key.a = number(w, 16, UINT64_MAX);
        out->at_s = signed_number(w);
        return true;
    default:
        return false;
    }
}

int pk_crowd_line_read(const char **text, struct pk_crowd_line *out, struct pk_error *err)
{
    struct words w = { .at = *text + 1 };
    struct pk_crowd_line line = { 0 };

    if (**text == '\0') {
        return PK_ENOENT;
    }
    _Static_assert(PK_VISIT_DEVICE_TEXT == PK_CROWD_DEVICE_TEXT, "the same ids");
    if (**text == 'a' || **text == 'm') {
        out->kind = PK_LINE_APP;
        return pk_visit_app_read(text, &out->app, out->device.id) == PK_OK
                ? PK_OK
                : pk_error_set(err, PK_EMALF, "the crowd's log has a line '%.40s'", *text);
    }
    if (!read_rest(**text, &w, &line) || w.bad || *w.at != '\n') {
        return pk_error_set(err, PK_EMALF, "the crowd's log has a line '%.40s'", *text);
    }
    *out = line;
    *text = w.at + 1;
    return PK_OK;
}
