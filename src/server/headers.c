#include "server/headers.h"

#include "server/http.h"

/* Everything comes from this server, nothing is inline; pictures may be data (the QR code). */
#define PAGE_POLICY                                                                   \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " \
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

/* What no page of ours needs; copying a link is the exception. */
#define PERMISSIONS                                                                             \
    "accelerometer=(), autoplay=(), bluetooth=(), camera=(), clipboard-read=(), "               \
    "clipboard-write=(self), display-capture=(), encrypted-media=(), fullscreen=(), "           \
    "geolocation=(), gyroscope=(), hid=(), idle-detection=(), magnetometer=(), microphone=(), " \
    "midi=(), payment=(), picture-in-picture=(), publickey-credentials-get=(), "                \
    "screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()"

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
    pk_reply_header(request, "Permissions-Policy", PERMISSIONS);
}

void pk_headers_of_api(struct pk_request *request)
{
    common(request);
    pk_reply_header(
            request, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    pk_reply_header(request, "Cache-Control", "no-store");
}
