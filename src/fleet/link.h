/* link.h - an enrolment link: https://HOST:PORT/enroll#TOKEN.PIN */
#pragma once

#include "base/crypt.h"
#include "base/error.h"

struct pk_link {
    char host[256];
    int port;
    char token[40];
    uint8_t pin[PK_SHA256_SIZE]; /* SHA-256 of the CA certificate */
};

/* PK_EMALF with what is wrong. */
PK_MUST_USE int pk_link_parse(const char *text, struct pk_link *out, struct pk_error *err);
