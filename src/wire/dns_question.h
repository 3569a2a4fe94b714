/* dns_question.h - the head of a DNS message and its one question (RFC 1035 section 4.1), for those who watch
 * other people's messages. Hostile input: names are limited, compression in a question is refused. */
#pragma once

#include "wire/dns.h"

struct pk_dns_question {
    uint16_t id;
    bool answer; /* the message is a response */
    bool truncated;
    int rcode;
    uint16_t type;
    char name[PK_DNS_NAME_MAX]; /* lower case, without the last dot; "" for the root */
};

/* PK_ETRUNC, PK_EMALF: no message with exactly one question of class IN. */
PK_MUST_USE int pk_dns_question_read(struct pk_slice message, struct pk_dns_question *out);
