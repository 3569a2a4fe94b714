#include <stdlib.h>
#include <string.h>

#include "server/call.h"
#include "server/console.h"
#include "server/headers.h"

#define HTML "text/html; charset=utf-8"

/* Without scripts and styles: it must show when nothing else is there. */
static const char not_built[] =
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Picket</title>"
        "</head><body><h1>Picket is running</h1><p>The console is not built, or 'console_dir' in "
        "picketd.yaml does not name its folder.</p><p>Build it with <code>make console</code> and "
        "start picketd again. Programs find the REST interface under "
        "<a href=\"/api/v1/openapi.json\">/api/v1</a>.</p></body></html>\n";

/* The link of an enrolment leads here when somebody opens it in a browser. What stands behind '#'
 * never leaves the browser, and this page does not read it. */
static const char enrol_page[] =
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        "<meta name=\"referrer\" content=\"no-referrer\"><title>Enrol this device - Picket</title>"
        "</head><body><h1>Enrol a device with Picket</h1>"
        "<p>Your organisation invites this device to be protected by Picket. The address of this "
        "page holds a secret that works once and for a short time: do not pass it on.</p>"
        "<h2>On a computer with Linux</h2><ol><li>Install <code>picket-agent</code>.</li>"
        "<li>Copy the whole address of this page, also what follows the #.</li>"
        "<li>Run <code>picket-agent enroll 'ADDRESS'</code> as root.</li></ol>"
        "<h2>On a phone</h2><p>Open the Picket app and scan the QR code that you were shown.</p>"
        "<h2>What it will see</h2><p>The state of the device's own protection and of the network "
        "it is on. Never your messages, contacts, photos, places, or the pages you visit.</p>"
        "</body></html>\n";

static bool matches(const char *header, const char *etag)
{
    return header != NULL && (strcmp(header, "*") == 0 || strstr(header, etag) != NULL);
}

static void reply_file(struct pk_request *request, const struct pk_console_file *file)
{
    char *copy;

    pk_reply_header(request, "Cache-Control",
            file->immutable ? "public, max-age=31536000, immutable" : "no-cache");
    pk_reply_header(request, "ETag", file->etag);
    if (matches(pk_request_header(request, "If-None-Match"), file->etag)) {
        pk_reply_bytes(request, 304, NULL, NULL, 0);
        return;
    }
    copy = malloc(file->len + 1);
    if (copy == NULL) {
        pk_reply_problem(request, 503, "unavailable", "memory is short", NULL);
        return;
    }
    memcpy(copy, file->bytes, file->len);
    pk_reply_bytes(request, 200, file->type, copy, file->len);
}

static void reply_page(struct pk_request *request, int status, const char *html)
{
    pk_reply_header(request, "Cache-Control", "no-cache");
    pk_reply_text(request, status, HTML, html);
}

static bool begins_with(const char *path, const char *prefix)
{
    return strncmp(path, prefix, strlen(prefix)) == 0;
}

void pk_api_console(struct pk_request *request, void *context)
{
    const struct pk_server *server = context;
    const struct pk_console *console = server->api->console;
    const char *path = pk_request_path(request);
    const struct pk_console_file *file;

    /* Programs get problem documents, not pages. */
    if (begins_with(path, "/api/") || begins_with(path, "/v1/") || begins_with(path, "/me/api/") ||
            begins_with(path, "/.well-known/")) {
        pk_headers_of_api(request);
        pk_reply_problem(request, 404, "not_found", "there is no such call", NULL);
        return;
    }
    pk_headers_of_page(request);
    file = pk_console_find(console,
            strcmp(path, "/") == 0             ? "/index.html"
                    : strcmp(path, "/me") == 0 ? "/me.html"
                                               : path);
    if (file != NULL) {
        reply_file(request, file);
    } else if (strcmp(path, "/enroll") == 0) {
        reply_page(request, 200, enrol_page);
    } else if (strcmp(path, "/") == 0 || strcmp(path, "/me") == 0) {
        reply_page(request, 503, not_built);
    } else {
        pk_reply_problem(request, 404, "not_found", "there is no such page", NULL);
    }
}
