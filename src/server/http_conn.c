#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "server/http_internal.h"

#define REAPER_STEP_MS   1000
#define HEADERS_EXTRA_MS 15000 /* beyond the idle time-out: a request's head must be there */
#define BODY_MAX_MS      60000
#define REPLY_MAX_MS     300000

static void name_address(const struct sockaddr *sa, char *out, size_t size)
{
    socklen_t len = sa->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                              : sizeof(struct sockaddr_in);

    if (getnameinfo(sa, len, out, (socklen_t)size, NULL, 0, NI_NUMERICHOST) != 0) {
        (void)snprintf(out, size, "?");
    }
    /* One name for one peer, whichever socket it came by. */
    if (strncmp(out, "::ffff:", 7) == 0 && strchr(out, '.') != NULL) {
        memmove(out, out + 7, strlen(out + 7) + 1);
    }
}

static void started(struct pk_http *http, struct MHD_Connection *connection, void **context)
{
    struct pk_conn *conn = calloc(1, sizeof(*conn));
    const union MHD_ConnectionInfo *info;

    *context = conn;
    if (conn == NULL) {
        return; /* each request of it is refused */
    }
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info != NULL) {
        name_address(info->client_addr, conn->address, sizeof(conn->address));
    }
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    conn->fd = info != NULL ? info->connect_fd : -1;
    pk_conn_enter(conn, PK_CONN_HEADERS);
    atomic_fetch_add(&http->connection_count, 1);
    pthread_mutex_lock(&http->conns_lock);
    conn->next = http->conns;
    if (conn->next != NULL) {
        conn->next->prev = conn;
    }
    http->conns = conn;
    pthread_mutex_unlock(&http->conns_lock);
}

/* Called before the descriptor is closed, so the reaper never meets a number used again. */
static void closed(struct pk_http *http, struct pk_conn *conn)
{
    if (conn == NULL) {
        return;
    }
    pthread_mutex_lock(&http->conns_lock);
    if (conn->prev != NULL) {
        conn->prev->next = conn->next;
    } else {
        http->conns = conn->next;
    }
    if (conn->next != NULL) {
        conn->next->prev = conn->prev;
    }
    pthread_mutex_unlock(&http->conns_lock);
    atomic_fetch_sub(&http->connection_count, 1);
    free(conn);
}

void pk_http_on_connection(void *cls, struct MHD_Connection *connection, void **context,
        enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        started(cls, connection, context);
    } else {
        closed(cls, *context);
        *context = NULL;
    }
}

void pk_conn_enter(struct pk_conn *conn, enum pk_conn_phase phase)
{
    atomic_store(&conn->since_ms, pk_clock_monotonic_ms());
    atomic_store(&conn->phase, (int)phase);
}

static int64_t phase_max_ms(const struct pk_http *http, int phase)
{
    int64_t idle_ms = http->idle_timeout_s * PK_SECOND_MS;

    switch ((enum pk_conn_phase)phase) {
    case PK_CONN_HEADERS:
        return idle_ms + HEADERS_EXTRA_MS;
    case PK_CONN_BODY:
        return 2 * idle_ms < BODY_MAX_MS ? 2 * idle_ms : BODY_MAX_MS;
    case PK_CONN_REPLY:
        return REPLY_MAX_MS;
    case PK_CONN_BUSY:
        break;
    }
    return INT64_MAX;
}

/* Wakes the owner of a connection that is late: its next read sees the end. */
static void *reap(void *arg)
{
    struct pk_http *http = arg;

    pthread_mutex_lock(&http->conns_lock);
    while (!http->reaper_ends) {
        int64_t now = pk_clock_monotonic_ms();
        struct timespec until;

        for (struct pk_conn *conn = http->conns; conn != NULL; conn = conn->next) {
            if (now - atomic_load(&conn->since_ms) >
                    phase_max_ms(http, atomic_load(&conn->phase))) {
                (void)shutdown(conn->fd, SHUT_RDWR);
            }
        }
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += REAPER_STEP_MS / 1000;
        (void)pthread_cond_timedwait(&http->reaper_wake, &http->conns_lock, &until);
    }
    pthread_mutex_unlock(&http->conns_lock);
    return NULL;
}

int pk_http_reaper_start(struct pk_http *http, struct pk_error *err)
{
    int rc = pthread_create(&http->reaper, NULL, reap, http);

    if (rc != 0) {
        return pk_error_set(err, -rc, "cannot start a thread: %s", pk_code_text(-rc));
    }
    http->reaper_runs = true;
    return PK_OK;
}

void pk_http_reaper_stop(struct pk_http *http)
{
    if (!http->reaper_runs) {
        return;
    }
    pthread_mutex_lock(&http->conns_lock);
    http->reaper_ends = true;
    pthread_cond_signal(&http->reaper_wake);
    pthread_mutex_unlock(&http->conns_lock);
    pthread_join(http->reaper, NULL);
    http->reaper_runs = false;
}

/* libmicrohttpd asks for a certificate but accepts its absence and anything that is shown: this is
 * where it is verified, against the CA that the credentials trust, for client use and time. */
static void verify(struct pk_conn *conn, gnutls_session_t session)
{
    gnutls_typed_vdata_st wanted[] = { { .type = GNUTLS_DT_KEY_PURPOSE_OID,
            .data = (void *)GNUTLS_KP_TLS_WWW_CLIENT } };
    const gnutls_datum_t *certificates;
    unsigned count = 0;
    unsigned status = 0;
    gnutls_datum_t words = { 0 };
    int rc;

    certificates = gnutls_certificate_get_peers(session, &count);
    if (certificates == NULL || count == 0) {
        conn->peer = PK_CONN_NO_CERTIFICATE;
        return;
    }
    conn->peer = PK_CONN_BAD_CERTIFICATE;
    rc = gnutls_certificate_verify_peers(session, wanted, 1, &status);
    if (rc < 0) {
        (void)snprintf(conn->why, sizeof(conn->why), "%s", gnutls_strerror(rc));
        return;
    }
    if (status != 0) {
        rc = gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &words, 0);
        (void)snprintf(conn->why, sizeof(conn->why), "%s",
                rc == 0 ? (const char *)words.data : "the certificate does not verify");
        gnutls_free(words.data);
        for (size_t len = strlen(conn->why); len > 0 && strchr(" .", conn->why[len - 1]) != NULL;) {
            conn->why[--len] = '\0';
        }
        return;
    }
    conn->der = pk_slice_of(certificates[0].data, certificates[0].size);
    conn->peer = PK_CONN_VERIFIED;
}

int pk_request_certificate(struct pk_request *request, struct pk_slice *der, struct pk_error *err)
{
    struct pk_conn *conn = request->conn;

    if (conn->peer == PK_CONN_UNCHECKED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(
                request->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);

        if (info == NULL || info->tls_session == NULL) {
            conn->peer = PK_CONN_NO_CERTIFICATE;
        } else {
            verify(conn, info->tls_session);
        }
    }
    switch (conn->peer) {
    case PK_CONN_VERIFIED:
        *der = conn->der;
        return PK_OK;
    case PK_CONN_BAD_CERTIFICATE:
        return pk_error_set(err, PK_ECRYPTO, "%s", conn->why);
    case PK_CONN_NO_CERTIFICATE:
    case PK_CONN_UNCHECKED:
        break;
    }
    return pk_error_set(err, PK_ENOENT, "no client certificate was shown");
}
