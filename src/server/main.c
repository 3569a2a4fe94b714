/* main.c - picketd: options and wiring. */
#include <getopt.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/event.h"
#include "base/file.h"
#include "policy/policy.h"
#include "server/issue.h"
#include "server/life.h"
#include "server/qr_svg.h"
#include "server/signin.h"

#define EXIT_USAGE   2 /* as every command of Picket: 1 bad news, 2 wrong usage, 3 could not */
#define EXIT_COULD   3
#define EXPLAIN_MAX  (256UL * 1024)
#define USES_MAX     100000
#define TTL_MAX_S    (INT64_C(30) * 86400)
#define CHECK_MEMORY (4UL * 1024 * 1024)

enum job {
    JOB_RUN,
    JOB_CHECK,
    JOB_ENROLLMENT,
    JOB_SIGNIN,
    JOB_PASSWORD,
};

struct options {
    enum job job;
    const char *config;
    const char *label;
    int64_t uses;  /* 0: one */
    int64_t ttl_s; /* 0: the usual */
    const char *name;
    const char *role;
    const char *person; /* of --set-password */
    const char *qr;     /* file for the picture of the codes' secret */
};

static const char usage[] =
        "usage: picketd [--config FILE] [COMMAND]\n"
        "\n"
        "The server of Picket. Without a command it runs until SIGTERM or SIGINT.\n"
        "\n"
        "  --config FILE        settings (default: built-in ones, state in /var/lib/picket)\n"
        "  --check-config       read the settings, explain each, say what is wrong and where\n"
        "  --issue-enrollment   print a link that enrols one device within 15 minutes\n"
        "    --label TEXT       what the console calls this token\n"
        "    --uses N           devices that it enrols (default: 1)\n"
        "    --ttl SECONDS      how long it is good (default: 900)\n"
        "  --signin-link        print a link that signs in to the console, once, within 15 "
        "minutes\n"
        "    --name NAME        who signs in (default: admin)\n"
        "    --role ROLE        viewer, responder, policy, privacy or owner (default: owner)\n"
        "  --set-password NAME  give somebody a password and one-time codes, for the day when "
        "single "
        "sign-on\n"
        "                       does not work; asked for at a terminal, else the first line of "
        "standard input\n"
        "    --role ROLE        (default: as it was, or owner)\n"
        "    --qr FILE          write the QR code for the app that makes codes there (SVG)\n"
        "  --version, --help\n";

static int complain(const struct pk_error *err)
{
    (void)fprintf(stderr, "picketd: %s\n", err->text);
    return EXIT_COULD;
}

/* ---- commands --------------------------------------------------------------------------------- */

static int check_config(const struct options *options)
{
    struct pk_arena *arena = pk_arena_create(CHECK_MEMORY);
    struct pk_buffer text = pk_buffer_of(EXPLAIN_MAX);
    struct pk_policy *policy = NULL;
    struct pk_settings settings;
    struct pk_error err = { 0 };
    int rc = arena != NULL ? pk_settings_load(options->config, arena, &settings, &err)
                           : pk_error_set(&err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK && settings.policy != NULL) {
        rc = pk_policy_load(settings.policy, &policy, &err);
    }
    if (rc == PK_OK) {
        pk_settings_explain(&settings, &text);
        (void)printf("%s# no mistakes found\n", text.ptr != NULL ? text.ptr : "");
    } else {
        (void)fprintf(stderr, "picketd: %s\n", err.text);
    }
    pk_policy_destroy(policy);
    pk_buffer_finish(&text);
    pk_arena_destroy(arena);
    return rc == PK_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int issue_enrollment(
        struct pk_server *server, const struct options *options, struct pk_error *err)
{
    struct pk_store *store = pk_server_store(server, err);
    struct pk_enrollment enrollment = {
        .label = options->label != NULL ? options->label : "command line",
        .group = "default",
        .uses = options->uses > 0 ? options->uses : 1,
        .created_ms = pk_server_now(server),
        .created_by = PK_ISSUE_HERE,
    };
    const char *secret = NULL;
    char *url;
    int rc;

    enrollment.expires_ms = enrollment.created_ms +
            (options->ttl_s > 0 ? options->ttl_s : PK_ENROLLMENT_TTL_S) * INT64_C(1000);
    rc = store != NULL ? pk_issue_enrollment_here(store, &enrollment, server->arena, &secret, err)
                       : err->code;
    url = rc == PK_OK ? pk_server_enrolment_url(server, secret, server->arena) : NULL;
    if (url == NULL) {
        return rc < 0 ? rc : pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    (void)printf("%s\n", url);
    return PK_OK;
}

static int signin_link(
        struct pk_server *server, const struct options *options, struct pk_error *err)
{
    struct pk_store *store = pk_server_store(server, err);
    struct pk_token token = {
        .kind = PK_TOKEN_SIGNIN,
        .name = options->name != NULL ? options->name : "admin",
        .role = options->role != NULL ? (int)pk_role_of(options->role) : PK_ROLE_OWNER,
        .created_ms = pk_server_now(server),
    };
    const char *secret = NULL;
    char *url;
    int rc;

    token.expires_ms = token.created_ms + PK_SIGNIN_TTL_S * INT64_C(1000);
    rc = store != NULL ? pk_issue_signin_here(store, &token, server->arena, &secret, err)
                       : err->code;
    url = rc == PK_OK ? pk_server_signin_url(server, secret, server->arena) : NULL;
    if (url == NULL) {
        return rc < 0 ? rc : pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    (void)printf("%s\n", url);
    return PK_OK;
}

#define QR_MAX (128UL * 1024)

/* One line, without an echo at a terminal. */
static int read_password(char out[PK_PASSWORD_MAX + 2], struct pk_error *err)
{
    struct termios before;
    struct termios silent;
    bool terminal = isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &before) == 0;
    const char *line;

    if (terminal) {
        silent = before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        (void)fputs("Password (not shown): ", stderr);
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    line = fgets(out, PK_PASSWORD_MAX + 2, stdin);
    if (terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        (void)fputc('\n', stderr);
    }
    if (line == NULL) {
        return pk_error_set(err, PK_EMISSING, "no password was given");
    }
    out[strcspn(out, "\n")] = '\0';
    return PK_OK;
}

static int write_qr(const char *file, const char *url, struct pk_error *err)
{
    struct pk_buffer svg = pk_buffer_of(QR_MAX);
    int rc = pk_qr_svg(url, &svg, err);

    if (rc == PK_OK) {
        rc = pk_file_write(file, pk_buffer_slice(&svg), 0600, err);
    }
    pk_buffer_finish(&svg);
    return rc;
}

static int set_password(
        struct pk_server *server, const struct options *options, struct pk_error *err)
{
    struct pk_store *store = pk_server_store(server, err);
    char recovery[PK_RECOVERY_MAX][PK_RECOVERY_TEXT];
    char password[PK_PASSWORD_MAX + 2];
    uint8_t key[PK_SEAL_KEY];
    const char *url = NULL;
    const char *path = pk_arena_printf(
            server->arena, "%s/%s", server->settings.state_dir, PK_SEAL_FILE);
    int rc = store == NULL ? err->code : read_password(password, err);

    if (rc == PK_OK) {
        rc = path == NULL ? PK_ENOMEM : pk_seal_key(path, key, err);
    }
    if (rc == PK_OK) {
        rc = pk_signin_set_password(store, key, server->settings.name, options->person, password,
                options->role != NULL ? pk_role_of(options->role) : PK_ROLE_NONE,
                pk_server_now(server), server->arena, &url, recovery, err);
    }
    OPENSSL_cleanse(password, sizeof(password));
    if (rc == PK_OK && options->qr != NULL) {
        rc = write_qr(options->qr, url, err);
    }
    if (rc < 0) {
        return rc;
    }
    (void)printf("%s\n", url);
    (void)printf("Recovery codes, each works once instead of a code of the app:\n");
    for (int i = 0; i < PK_RECOVERY_MAX; i++) {
        (void)printf("%s\n", recovery[i]);
    }
    return PK_OK;
}

static void reload(struct pk_server *server)
{
    struct pk_error why = { 0 };

    if (pk_server_reload(server, &why) < 0) {
        pk_event(PK_ERROR, "policy.refused", { "why", why.text });
    } else {
        pk_event(PK_INFO, "policy.loaded", { "name", pk_policy_name(pk_server_policy(server)) },
                { "trust", pk_policy_trust_version(pk_server_policy(server)) });
    }
}

/* Runs until it is told to end. The signals are blocked in every thread and taken here. */
static int serve(struct pk_server *server, struct pk_error *err)
{
    sigset_t signals;
    int number = 0;
    int rc;

    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    rc = pk_server_start(server, err);
    if (rc < 0) {
        return rc;
    }
    (void)printf("ready %s\n", server->url);
    (void)fflush(stdout);
    while (sigwait(&signals, &number) != 0 || number == SIGHUP) {
        if (number == SIGHUP) {
            reload(server);
            number = 0;
        }
    }
    pk_event(PK_INFO, "stop.signal", { "signal", number == SIGINT ? "INT" : "TERM" });
    pk_server_stop(server);
    pk_event0(PK_INFO, "stop.done");
    return PK_OK;
}

/* ---- options ----------------------------------------------------------------------------------- */

static int wrong_usage(const char *what)
{
    (void)fprintf(stderr, "picketd: %s\n%s", what, usage);
    return EXIT_USAGE;
}

/* 1 .. max, or -1. */
static int64_t number_of(const char *text, int64_t max)
{
    char *end;
    long long n = strtoll(text, &end, 10);

    return *text != '\0' && *end == '\0' && n >= 1 && n <= max ? n : -1;
}

/* -1: go on; otherwise the exit status. */
static int parse_options(int argc, char **argv, struct options *out)
{
    static const struct option known[] = {
        { "config", required_argument, NULL, 'c' },
        { "check-config", no_argument, NULL, 'k' },
        { "issue-enrollment", no_argument, NULL, 'e' },
        { "label", required_argument, NULL, 'l' },
        { "uses", required_argument, NULL, 'u' },
        { "ttl", required_argument, NULL, 't' },
        { "signin-link", no_argument, NULL, 's' },
        { "name", required_argument, NULL, 'n' },
        { "role", required_argument, NULL, 'r' },
        { "set-password", required_argument, NULL, 'p' },
        { "qr", required_argument, NULL, 'q' },
        { "version", no_argument, NULL, 'v' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    int jobs = 0;
    int option;

    /* NOLINTNEXTLINE(concurrency-mt-unsafe): before the first thread */
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (option) {
        case 'c':
            out->config = optarg;
            break;
        case 'k':
        case 'e':
        case 's':
            out->job = option == 'k' ? JOB_CHECK : option == 'e' ? JOB_ENROLLMENT : JOB_SIGNIN;
            jobs++;
            break;
        case 'p':
            out->job = JOB_PASSWORD;
            out->person = optarg;
            jobs++;
            break;
        case 'q':
            out->qr = optarg;
            break;
        case 'l':
            out->label = optarg;
            break;
        case 'u':
            out->uses = number_of(optarg, USES_MAX);
            break;
        case 't':
            out->ttl_s = number_of(optarg, TTL_MAX_S);
            break;
        case 'n':
            out->name = optarg;
            break;
        case 'r':
            out->role = optarg;
            break;
        case 'v':
            (void)printf("picketd %s\n", PK_VERSION);
            return EXIT_SUCCESS;
        case 'h':
            (void)fputs(usage, stdout);
            return EXIT_SUCCESS;
        default:
            (void)fputs(usage, stderr);
            return EXIT_USAGE;
        }
    }
    if (optind < argc || jobs > 1) {
        return wrong_usage(jobs > 1 ? "one command at a time" : "an argument is not understood");
    }
    if (out->uses < 0 || out->ttl_s < 0) {
        return wrong_usage("--uses and --ttl want a number that makes sense");
    }
    if (((out->label != NULL || out->uses != 0 || out->ttl_s != 0) && out->job != JOB_ENROLLMENT) ||
            (out->name != NULL && out->job != JOB_SIGNIN) ||
            (out->role != NULL && out->job != JOB_SIGNIN && out->job != JOB_PASSWORD) ||
            (out->qr != NULL && out->job != JOB_PASSWORD)) {
        return wrong_usage("this option belongs to another command");
    }
    if (out->role != NULL && pk_role_of(out->role) == PK_ROLE_NONE) {
        return wrong_usage("the role must be viewer, responder, policy, privacy or owner");
    }
    return -1;
}

int main(int argc, char **argv)
{
    struct options options = { 0 };
    struct pk_server *server = NULL;
    struct pk_error err = { 0 };
    int status = parse_options(argc, argv, &options);
    int rc;

    if (status >= 0) {
        return status;
    }
    if (options.job == JOB_CHECK) {
        return check_config(&options);
    }
    rc = pk_server_open(options.config, &server, &err);
    if (rc < 0) {
        return complain(&err);
    }
    switch (options.job) {
    case JOB_RUN:
    case JOB_CHECK:
        rc = serve(server, &err);
        break;
    case JOB_ENROLLMENT:
        rc = issue_enrollment(server, &options, &err);
        break;
    case JOB_SIGNIN:
        rc = signin_link(server, &options, &err);
        break;
    case JOB_PASSWORD:
        rc = set_password(server, &options, &err);
        break;
    }
    pk_server_close(server);
    return rc < 0 ? complain(&err) : EXIT_SUCCESS;
}
