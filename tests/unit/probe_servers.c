#include "probe_servers.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY_S 86400L

static int bound_socket(int type, uint16_t *port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
            getsockname(fd, (struct sockaddr *)&at, &len) < 0) {
        abort();
    }
    *port = ntohs(at.sin_port);
    return fd;
}

/* --- DNS ---------------------------------------------------------------------------------- */

/* Turns the question into its answer; address NULL: no such name. */
static size_t answer_dns(uint8_t *message, size_t len, const uint8_t *address)
{
    static const uint8_t record[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4 };

    message[2] |= 0x80;
    message[3] = address != NULL ? 0x80 : 0x83;
    if (address != NULL) {
        message[7] = 1;
        memcpy(message + len, record, sizeof(record));
        memcpy(message + len + sizeof(record), address, 4);
        len += sizeof(record) + 4;
    }
    return len;
}

static bool asks_for(const uint8_t *message, const char *wire)
{
    return memcmp(message + 12, wire, strlen(wire) + 1) == 0;
}

static void serve_dns(int fd, atomic_int *mode)
{
    static const uint8_t here[4] = { 127, 0, 0, 1 };
    static const uint8_t lie[4] = { 192, 0, 2, 66 };

    for (;;) {
        uint8_t message[600];
        struct sockaddr_in from;
        socklen_t from_len = sizeof(from);
        ssize_t len = recvfrom(fd, message, 512, 0, (struct sockaddr *)&from, &from_len);
        int how = mode != NULL ? atomic_load(mode) : DNS_HONEST;
        size_t out;

        if (len < 17) {
            return; /* one byte ends the server */
        }
        if (how == DNS_SILENT) {
            continue;
        }
        if (how == DNS_GUESSER) {
            uint8_t forged[600];

            memcpy(forged, message, sizeof(forged));
            forged[0] ^= 0xff;
            out = answer_dns(forged, (size_t)len, lie);
            (void)!sendto(fd, forged, out, 0, (struct sockaddr *)&from, from_len);
        }
        bool known = asks_for(message, "\6canary\4test") || asks_for(message, "\5other\4test");

        out = answer_dns(message, (size_t)len, known ? here : how == DNS_LIAR ? lie : NULL);
        (void)!sendto(fd, message, out, 0, (struct sockaddr *)&from, from_len);
    }
}

static void *dns_main(void *arg)
{
    struct probe_world *w = arg;

    serve_dns(w->dns_fd, &w->dns_mode);
    return NULL;
}

static void *trusted_main(void *arg)
{
    struct probe_world *w = arg;

    serve_dns(w->trusted_fd, NULL);
    return NULL;
}

/* --- certificates ------------------------------------------------------------------------- */

static void add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *ext;

    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    if (ext == NULL || !X509_add_ext(cert, ext, -1)) {
        abort();
    }
    X509_EXTENSION_free(ext);
}

static X509 *make_certificate(
        const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, bool expired)
{
    static long serial = 1;
    X509 *cert = X509_new();
    bool ca = issuer == NULL && strstr(name, "Root") != NULL;
    char san[80];

    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3 * DAY_S);
    X509_gmtime_adj(X509_getm_notAfter(cert), expired ? -DAY_S : DAY_S);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
            (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(issuer != NULL ? issuer : cert));
    X509_set_pubkey(cert, key);
    add_extension(cert, issuer != NULL ? issuer : cert, NID_basic_constraints,
            ca ? "critical,CA:TRUE" : "CA:FALSE");
    if (!ca) {
        (void)snprintf(san, sizeof(san), "DNS:%s", name);
        add_extension(cert, issuer != NULL ? issuer : cert, NID_subject_alt_name, san);
    }
    if (!X509_sign(cert, issuer_key != NULL ? issuer_key : key, EVP_sha256())) {
        abort();
    }
    return cert;
}

static void write_pem(const char *path, const char *mode, X509 *cert)
{
    FILE *file = fopen(path, mode);

    if (file == NULL || !PEM_write_X509(file, cert) || fclose(file) != 0) {
        abort();
    }
}

static SSL_CTX *server_context(X509 *cert, EVP_PKEY *key)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    if (context == NULL || SSL_CTX_use_certificate(context, cert) != 1 ||
            SSL_CTX_use_PrivateKey(context, key) != 1) {
        abort();
    }
    X509_free(cert);
    return context;
}

/* Hosts of which more than the certificate is bad. */
static void make_odd_contexts(
        struct probe_world *w, X509 *root, EVP_PKEY *root_key, X509 *foreign, EVP_PKEY *foreign_key)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_PKEY *rsa_key = EVP_RSA_gen(2048);
    X509 *like = make_certificate("Test Root", foreign_key, NULL, NULL, false);
    X509 *leaf = make_certificate("other.test", foreign_key, root, root_key, false);
    X509 *other = make_certificate("Other Root", foreign_key, NULL, NULL, false);
    const char *name = "canary.test";
    SSL_CTX **c = w->contexts;

    write_pem(w->other_roots, "w", other);
    write_pem(w->roots, "a", other);
    c[TLS_OTHER] = server_context(make_certificate(name, key, other, foreign_key, false), key);
    c[TLS_LOOKALIKE] = server_context(make_certificate(name, key, like, foreign_key, false), key);
    SSL_CTX_add1_chain_cert(c[TLS_LOOKALIKE], like);
    c[TLS_LEAF_AS_CA] = server_context(make_certificate(name, key, leaf, foreign_key, false), key);
    SSL_CTX_add1_chain_cert(c[TLS_LEAF_AS_CA], leaf);
    c[TLS_WITH_FOREIGN] = server_context(
            make_certificate(name, key, foreign, foreign_key, false), key);
    SSL_CTX_add1_chain_cert(c[TLS_WITH_FOREIGN], foreign);
    c[TLS_OLD] = server_context(make_certificate(name, key, root, root_key, false), key);
    SSL_CTX_set_cipher_list(c[TLS_OLD], "DEFAULT:@SECLEVEL=0");
    SSL_CTX_set_max_proto_version(c[TLS_OLD], TLS1_VERSION);
    c[TLS_RSA] = server_context(make_certificate(name, rsa_key, root, root_key, false), rsa_key);
    SSL_CTX_set_max_proto_version(c[TLS_RSA], TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(c[TLS_RSA], "AES128-GCM-SHA256");
    X509_free(like);
    X509_free(leaf);
    X509_free(other);
    EVP_PKEY_free(key);
    EVP_PKEY_free(rsa_key);
}

static void make_contexts(struct probe_world *w)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_PKEY *root_key = EVP_EC_gen("P-256");
    EVP_PKEY *foreign_key = EVP_EC_gen("P-256");
    X509 *root = make_certificate("Test Root", root_key, NULL, NULL, false);
    X509 *foreign = make_certificate("Foreign Root", foreign_key, NULL, NULL, false);
    const char *name = "canary.test";

    write_pem(w->roots, "w", root);
    write_pem(w->foreign_roots, "w", foreign);
    make_odd_contexts(w, root, root_key, foreign, foreign_key);
    w->contexts[TLS_GOOD] = server_context(make_certificate(name, key, root, root_key, false), key);
    w->contexts[TLS_FOREIGN] = server_context(
            make_certificate(name, key, foreign, foreign_key, false), key);
    w->contexts[TLS_SELF] = server_context(make_certificate(name, key, NULL, NULL, false), key);
    w->contexts[TLS_EXPIRED] = server_context(
            make_certificate(name, key, root, root_key, true), key);
    w->contexts[TLS_FOREIGN_EXPIRED] = server_context(
            make_certificate(name, key, foreign, foreign_key, true), key);
    X509_free(root);
    X509_free(foreign);
    EVP_PKEY_free(key);
    EVP_PKEY_free(root_key);
    EVP_PKEY_free(foreign_key);
}

/* --- TCP hosts ---------------------------------------------------------------------------- */

static void speak_tls(struct probe_world *w, int fd, int mode)
{
    SSL *ssl = SSL_new(w->contexts[mode]);
    const char *answer = atomic_load(&w->tls_answer);
    char request[2048];

    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1 && answer != NULL && SSL_read(ssl, request, sizeof(request)) > 0) {
        SSL_write(ssl, answer, (int)strlen(answer));
    }
    SSL_shutdown(ssl);
    SSL_free(ssl);
}

/* supported_versions (RFC 8446, section 4.2.1) with 0x0304 in its list. */
static bool offers_13(int fd)
{
    uint8_t hello[4096];
    ssize_t len = recv(fd, hello, sizeof(hello), MSG_PEEK);

    for (ssize_t i = 0; i + 8 < len; i++) {
        if (hello[i] == 0 && hello[i + 1] == 43 && hello[i + 2] == 0 && hello[i + 3] < 32 &&
                hello[i + 3] == hello[i + 4] + 1) {
            for (ssize_t k = i + 5; k + 1 < len && k < i + 5 + hello[i + 4]; k += 2) {
                if (hello[k] == 3 && hello[k + 1] == 4) {
                    return true;
                }
            }
        }
    }
    return false;
}

static void stall(int fd)
{
    struct pollfd wait = { .fd = fd, .events = POLLRDHUP };

    (void)poll(&wait, 1, 3000);
}

static void speak_older(struct probe_world *w, int fd, int mode)
{
    struct linger linger = { .l_onoff = 1 };

    if (!offers_13(fd)) {
        speak_tls(w, fd, TLS_GOOD);
    } else if (mode == TLS_STALLS13) {
        stall(fd);
    } else {
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    }
}

static void *tls_main(void *arg)
{
    struct probe_world *w = arg;
    int fd;

    while ((fd = accept(w->tls_fd, NULL, NULL)) >= 0) {
        int mode = atomic_load(&w->tls_mode);

        if (mode < TLS_CERTIFICATES) {
            speak_tls(w, fd, mode);
        } else if (mode == TLS_NONSENSE) {
            (void)!write(fd, "SSH-2.0-nonsense\r\n", 18);
        } else if (mode == TLS_STALLS) {
            stall(fd);
        } else if (mode == TLS_NO13 || mode == TLS_STALLS13) {
            speak_older(w, fd, mode);
        }
        (void)close(fd);
    }
    return NULL;
}

static void *http_main(void *arg)
{
    struct probe_world *w = arg;
    int fd;

    while ((fd = accept(w->http_fd, NULL, NULL)) >= 0) {
        const char *answer = atomic_load(&w->http_answer);
        char request[2048];

        if (read(fd, request, sizeof(request)) > 0) {
            (void)!write(fd, answer, strlen(answer));
        }
        (void)close(fd);
    }
    return NULL;
}

/* --- all of it ---------------------------------------------------------------------------- */

static struct pk_address loopback(uint16_t port)
{
    return (struct pk_address){ .family = AF_INET, .port = port, .bytes = { 127, 0, 0, 1 } };
}

int probe_world_start(struct probe_world *w)
{
    uint16_t port;

    memset(w, 0, sizeof(*w));
    (void)signal(SIGPIPE, SIG_IGN); /* the loop does so for its jobs */
    (void)snprintf(w->folder, sizeof(w->folder), "/tmp/picket-probes-XXXXXX");
    if (mkdtemp(w->folder) == NULL) {
        return -1;
    }
    (void)snprintf(w->roots, sizeof(w->roots), "%s/roots.pem", w->folder);
    (void)snprintf(w->foreign_roots, sizeof(w->foreign_roots), "%s/foreign.pem", w->folder);
    (void)snprintf(w->other_roots, sizeof(w->other_roots), "%s/other.pem", w->folder);
    make_contexts(w);
    w->dns_fd = bound_socket(SOCK_DGRAM, &port);
    w->dns_address = loopback(port);
    w->trusted_fd = bound_socket(SOCK_DGRAM, &port);
    w->trusted_address = loopback(port);
    w->tls_fd = bound_socket(SOCK_STREAM, &w->tls_port);
    w->http_fd = bound_socket(SOCK_STREAM, &w->http_port);
    w->closed_fd = bound_socket(SOCK_STREAM, &w->closed_port); /* bound, but nobody listens */
    if (listen(w->tls_fd, 8) < 0 || listen(w->http_fd, 8) < 0) {
        return -1;
    }
    (void)pthread_create(&w->threads[0], NULL, dns_main, w);
    (void)pthread_create(&w->threads[1], NULL, trusted_main, w);
    (void)pthread_create(&w->threads[2], NULL, tls_main, w);
    (void)pthread_create(&w->threads[3], NULL, http_main, w);
    return 0;
}

static void end_dns(int fd, const struct pk_address *address)
{
    struct sockaddr_storage to;
    socklen_t len = pk_address_sockaddr(address, &to);

    (void)!sendto(fd, "", 1, 0, (struct sockaddr *)&to, len);
}

void probe_world_stop(struct probe_world *w)
{
    end_dns(w->trusted_fd, &w->dns_address);
    end_dns(w->dns_fd, &w->trusted_address);
    (void)shutdown(w->tls_fd, SHUT_RDWR);
    (void)shutdown(w->http_fd, SHUT_RDWR);
    for (size_t i = 0; i < 4; i++) {
        pthread_join(w->threads[i], NULL);
    }
    (void)close(w->dns_fd);
    (void)close(w->trusted_fd);
    (void)close(w->tls_fd);
    (void)close(w->http_fd);
    (void)close(w->closed_fd);
    for (size_t i = 0; i < TLS_CERTIFICATES; i++) {
        SSL_CTX_free(w->contexts[i]);
    }
    (void)unlink(w->roots);
    (void)unlink(w->foreign_roots);
    (void)unlink(w->other_roots);
    (void)rmdir(w->folder);
}
