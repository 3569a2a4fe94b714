#include "fleet/enrol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define LINES      32 /* at the same time */
#define TIMEOUT_MS (30 * PK_SECOND_MS)
#define TRIES      5

static const char *const platform_names[] = { "linux", "android", "ios" };

struct enrolment {
    struct pk_fleet *fleet;
    size_t next; /* device to begin with */
    size_t done;
    size_t running;
    int rc;
    struct pk_error error;
};

struct desk {
    struct enrolment *enrolment;
    struct pk_line *line;
    struct pk_fleet_device *device;
    int tries;
};

static void begin(struct desk *desk);

static void give_up(struct enrolment *e, int rc, const char *what)
{
    if (e->rc == PK_OK) {
        e->rc = pk_error_set(&e->error, rc, "enrolment: %s", what);
    }
    e->running--;
}

static void answered(struct pk_line *line, const struct pk_answer *answer, void *ctx)
{
    struct desk *desk = ctx;
    struct enrolment *e = desk->enrolment;
    char what[80];

    (void)line;

    if (answer->status == 0 && ++desk->tries < TRIES) {
        struct pk_fleet_device *again = desk->device;

        EVP_PKEY_free(again->identity.key);
        again->identity.key = NULL;
        begin(desk);
        return;
    }
    if (answer->status != 200) {
        (void)snprintf(what, sizeof(what), "status %d%s%s", answer->status,
                answer->error != NULL ? ": " : "", answer->error != NULL ? answer->error : "");
        give_up(e, PK_EPEER, what);
        return;
    }
    if (pk_identity_accept(&desk->device->identity, answer->body, &e->error) < 0) {
        give_up(e, e->error.code, "an answer without our certificate");
        return;
    }
    e->done++;
    desk->device = NULL;
    desk->tries = 0;
    begin(desk);
}

/* The next device at this desk. */
static void begin(struct desk *desk)
{
    struct enrolment *e = desk->enrolment;
    struct pk_fleet *fleet = e->fleet;
    struct pk_buffer csr = pk_buffer_of(16384);
    struct pk_buffer request = pk_buffer_of(65536);
    char plain[64];
    char basic[PK_BASE64_SIZE(64)];
    char more[512];
    int rc;

    while (desk->device == NULL && e->next < fleet->count) {
        struct pk_fleet_device *d = &fleet->devices[e->next++];

        desk->device = d->identity.certificate == NULL ? d : NULL;
        e->done += d->identity.certificate != NULL;
    }
    if (desk->device == NULL || e->rc < 0) {
        e->running--;
        return;
    }
    (void)snprintf(plain, sizeof(plain), "picket:%s", fleet->link.token);
    pk_base64(pk_slice_str(plain), basic);
    (void)snprintf(more, sizeof(more),
            "Authorization: Basic %s\r\nX-Picket-Name: %s\r\nX-Picket-Platform: %s\r\n", basic,
            desk->device->name, platform_names[desk->device->platform]);
    rc = pk_identity_make_key(&desk->device->identity, &e->error);
    if (rc == PK_OK) {
        rc = pk_identity_request(&desk->device->identity, &csr, &e->error);
    }
    if (rc == PK_OK) {
        pk_http_request(&request, "POST", "/.well-known/est/simpleenroll", pk_net_host(fleet->net),
                "application/pkcs10", NULL, more, pk_buffer_slice(&csr));
        pk_line_send(desk->line, pk_buffer_slice(&request), TIMEOUT_MS, answered);
    } else {
        give_up(e, rc, "no key or request");
    }
    pk_buffer_finish(&csr);
    pk_buffer_finish(&request);
}

/* ---- the CA ---------------------------------------------------------------------------------- */

struct ca_answer {
    struct pk_fleet *fleet;
    bool done;
    int rc;
    struct pk_error error;
};

static void got_ca(struct pk_line *line, const struct pk_answer *answer, void *ctx)
{
    struct ca_answer *a = ctx;

    (void)line;
    a->done = true;
    a->rc = answer->status == 200
            ? pk_identity_ca(answer->body, a->fleet->link.pin, &a->fleet->ca, &a->error)
            : pk_error_set(&a->error, PK_EPEER, "%s:%d: %s", a->fleet->link.host,
                      a->fleet->link.port,
                      answer->error != NULL ? answer->error : "the CA cannot be fetched");
}

static int fetch_ca(struct pk_fleet *fleet, struct pk_error *err)
{
    struct ca_answer a = { .fleet = fleet };
    struct pk_buffer request = pk_buffer_of(4096);
    struct pk_line *line = pk_line_create(fleet->net, NULL, NULL, &a);
    int rc = line != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc < 0) {
        return rc;
    }
    pk_http_request(&request, "GET", "/.well-known/est/cacerts", pk_net_host(fleet->net), NULL,
            NULL, NULL, pk_slice_of(NULL, 0));
    pk_line_send(line, pk_buffer_slice(&request), TIMEOUT_MS, got_ca);
    pk_buffer_finish(&request);
    while (rc == PK_OK && !a.done) {
        rc = pk_net_poll(fleet->net, 100, err);
    }
    pk_line_close(line);
    if (rc == PK_OK && a.rc < 0) {
        *err = a.error;
        rc = a.rc;
    }
    return rc < 0 ? rc : pk_net_trust(fleet->net, fleet->ca, err);
}

static void tell(const struct enrolment *e, int64_t *next_ms)
{
    int64_t now_ms = pk_clock_monotonic_ms();

    if (e->fleet->progress && (now_ms >= *next_ms || e->done == e->fleet->count)) {
        (void)fprintf(stderr, "\renrolled %zu of %zu ", e->done, e->fleet->count);
        *next_ms = now_ms + 200;
    }
}

int pk_enrol(struct pk_fleet *fleet, struct pk_error *err)
{
    struct enrolment e = { .fleet = fleet };
    struct desk desks[LINES];
    int64_t told_ms = 0;
    int rc = fetch_ca(fleet, err);

    for (size_t i = 0; i < LINES && rc == PK_OK; i++) {
        desks[i] = (struct desk){ .enrolment = &e };
        desks[i].line = pk_line_create(fleet->net, NULL, NULL, &desks[i]);
        if (desks[i].line == NULL) {
            return pk_error_set(err, PK_ENOMEM, "out of memory");
        }
        e.running++;
        begin(&desks[i]);
    }
    while (rc == PK_OK && e.running > 0 && (fleet->stop == NULL || !*fleet->stop)) {
        rc = pk_net_poll(fleet->net, 100, err);
        tell(&e, &told_ms);
    }
    for (size_t i = 0; i < LINES && rc == PK_OK; i++) {
        pk_line_close(desks[i].line);
    }
    if (fleet->progress) {
        (void)fputc('\n', stderr);
    }
    if (rc == PK_OK && e.rc < 0) {
        *err = e.error;
        rc = e.rc;
    }
    if (rc == PK_OK && e.running > 0) {
        rc = pk_error_set(err, -ECANCELED, "stopped");
    }
    return rc;
}
