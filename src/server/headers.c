#include "server/headers.h"

#include "server/http.h"

/* Everything comes from this server, nothing is inline; pictures may be data (the QR code). */
#define PAGE_POLICY                                                                   \
    "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; " \
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

/* http.c adds X-Content-Type-Options to everything. */
static void common(struct pk_request *request)
{
    pk_reply_header(request, "X-Frame-Options", "DENY");
    pk_reply_header(request, "Referrer-Policy", "no-referrer");
    pk_reply_header(request, "Cross-Origin-Opener-Policy", "same-origin");
    pk_reply_header(request, "Cross-Origin-Resource-Policy", "same-origin");
    pk_reply_header(request, "Strict-Transport-Security", "max-age=31536000");
}

void pk_headers_of_page(struct pk_request *request)
{
    common(request);
    pk_reply_header(request, "Content-Security-Policy", PAGE_POLICY);
}

void pk_headers_of_api(struct pk_request *request)
{
    common(request);
    pk_reply_header(
            request, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    pk_reply_header(request, "Cache-Control", "no-store");
}
