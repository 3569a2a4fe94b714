/* letter.h - an RFC 5322 message from a row of the outbox: multipart/alternative with text and small HTML.
 *
 * payload is what docs/channels.md lists: "letter" says which kind it is (alert, notice, digest, report, test), the other keys
 * are texts. All of them are foreign: names of devices and networks can hold anything. Nothing in the HTML is fetched
 * from anywhere. Headers have the form and order in which relays sign them (DKIM, RFC 6376): each once, none that a
 * relay has to mend. Pure: any thread. */
#pragma once

#include <jansson.h>

#include "base/buffer.h"

#define PK_LETTER_MAX (4UL * 1024 * 1024) /* bytes of a message */

struct pk_letter {
    const char *to; /* checked with pk_mail_address_ok(), like from and reply_to */
    const char *from;
    const char *from_name;
    const char *reply_to; /* NULL: none */
    const char *url;      /* of the server; NULL: links to it are left out */
    const char *incident; /* letters about the same one are shown together; NULL */
    int64_t id; /* of the row: the same row has the same Message-ID however often it is sent */
    int64_t created_ms; /* of the row */
    int64_t now_ms;     /* Date */
    const json_t *payload;
};

/* Appends the whole message, lines ended by CRLF. PK_EMALF: the payload is no letter. PK_ELIMIT: too long. */
PK_MUST_USE int pk_letter_compose(
        const struct pk_letter *letter, struct pk_buffer *out, struct pk_error *err);
