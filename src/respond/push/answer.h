/* answer.h - what Apple's and Google's services say, reduced to what is to be done. Answers are foreign. Pure. */
#pragma once

#include "base/buffer.h"

enum pk_push_verdict {
    PK_PUSH_DONE,
    PK_PUSH_GONE,    /* the token is dead: forget it */
    PK_PUSH_REFUSED, /* this push can never be sent */
    PK_PUSH_SIGN_IN, /* our own token is not accepted: a new one, once */
    PK_PUSH_LATER,   /* this device, after a pause */
    PK_PUSH_DOWN,    /* the service as a whole */
};

struct pk_push_answer {
    enum pk_push_verdict verdict;
    int64_t until_ms; /* GONE: tokens that were told after this live; 0: not said */
    char reason[64];  /* the service's word for it: letters, digits, "_"; "" */
};

void pk_apns_answer(long status, struct pk_slice body, struct pk_push_answer *out);
void pk_fcm_answer(long status, struct pk_slice body, struct pk_push_answer *out);

/* An OAuth answer (RFC 6749 5.1): the token (at most size bytes with its NUL, only what may stand in a header) and how long it lives, cut to a
 * day. PK_EMALF, PK_ELIMIT. */
PK_MUST_USE int pk_fcm_access_token(
        struct pk_slice body, char *token, size_t size, int64_t *lives_ms, struct pk_error *err);
