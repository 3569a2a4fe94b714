/* rest.h - the REST interface of a picketd, called from the command line. One thread. */
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "base/slice.h"

struct pk_rest;

struct pk_rest_settings {
    const char *url;   /* "https://host:port" */
    const char *ca;    /* file with the certificates to trust; NULL: the system's */
    const char *token; /* bearer token; NULL: none */
};

/* Only https. The settings are copied. */
PK_MUST_USE int pk_rest_create(
        const struct pk_rest_settings *settings, struct pk_rest **out, struct pk_error *err);
void pk_rest_destroy(struct pk_rest *rest); /* NULL is fine */

/* One parameter of a query; a NULL value is left out. An array of them ends with a NULL name. */
struct pk_rest_param {
    const char *name;
    const char *value;
};

/* path begins behind /api/v1; its segments are given escaped (pk_rest_escape). body (NULL: none) is
 * borrowed. *out (the caller owns it) is NULL after 204. Other answers than 2xx: PK_EPEER, *err has
 * the server's words. A page (HTML) comes as a JSON string. wait_s: how long the server may think longer than usual. */
PK_MUST_USE int pk_rest_call(struct pk_rest *rest, const char *method, const char *path,
        const struct pk_rest_param *params, const json_t *body, int wait_s, json_t **out,
        struct pk_error *err);

/* PUT of bytes as they are (application/octet-stream). The same otherwise. */
PK_MUST_USE int pk_rest_put(struct pk_rest *rest, const char *path, struct pk_slice body,
        json_t **out, struct pk_error *err);

/* POST of such bytes, with parameters. */
PK_MUST_USE int pk_rest_post(struct pk_rest *rest, const char *path,
        const struct pk_rest_param *params, struct pk_slice body, json_t **out,
        struct pk_error *err);

/* One path segment, percent-encoded; the caller frees with free(). NULL: memory is short. */
char *pk_rest_escape(const char *segment);
