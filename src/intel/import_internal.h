/* import_internal.h - what the readers of feeds share. */
#pragma once

#include <jansson.h>

#include "intel/import.h"

struct pk_intel_import {
    struct pk_intel_builder *builder;
    const struct pk_intel_import_settings *settings;
    struct pk_intel_skip skips[PK_INTEL_SKIPS_MAX];
    size_t skip_count;
};

#define PK_FEED_TEXT 128UL

/* A feed while it is read: what holds for all its rows unless they say otherwise. */
struct pk_feed {
    struct pk_intel_import *run;
    struct pk_intel_file_result *result;
    const char *path;
    struct pk_slice text; /* unpacked */
    unsigned source;      /* UINT32_MAX until pk_feed_source() */
    int kind;             /* of a plain list, -1: by content */
    enum pk_intel_category category;
    enum pk_app_weight weight;     /* of files, signers, packages */
    enum pk_app_weight weight_net; /* of hosts, addresses, URLs */
    bool known;                    /* the source is told by settings or path */
    bool hosts; /* the host of a URL is bad as a whole: a list of domains, of C2 servers */
    char family[PK_FEED_TEXT]; /* "": not told by the path */
    char date[16];
    char reference[512]; /* of the feed */
    const char *licence;
    char source_name[PK_FEED_TEXT];
};

/* One row of a feed; what is NULL or 0 is taken from the feed. */
struct pk_feed_row {
    int kind; /* enum pk_intel_kind */
    const char *value;
    size_t len; /* of value */
    const char *family;
    const char *reference;
    const char *date;
    int category;
    int weight; /* enum pk_app_weight + 1 */
    size_t line;
};

/* Takes a row, or counts why not. < 0: the import ends. */
PK_MUST_USE int pk_feed_add(struct pk_feed *feed, const struct pk_feed_row *given);
/* Counts a value that is left out. why is a static text. */
void pk_feed_skip(
        struct pk_feed *feed, size_t line, const char *why, const char *value, size_t len);
/* The feed has had its share of the set: counts the value as left out and says true. */
bool pk_feed_full(struct pk_feed *feed, size_t line, const char *value, size_t len);
/* The feed as a whole is of no use. Gives PK_OK. */
int pk_feed_refuse(struct pk_feed *feed, const char *format, ...) PK_PRINTF(2, 3);

/* Fills source, family, kind and the like from path and settings. */
PK_MUST_USE int pk_feed_recognise(struct pk_feed *feed);
/* Who published what follows: the source, unless that is known better. NULL is fine. */
void pk_feed_author(struct pk_feed *feed, const char *name);
/* Names the feed in the builder, before its first entry: a file of no use leaves no trace. */
PK_MUST_USE int pk_feed_source(struct pk_feed *feed);
/* "Banking Trojan;RAT" -> banker; NONE when it says nothing. */
enum pk_intel_category pk_feed_category(const char *words);

/* The readers. Each sets result->format. */
PK_MUST_USE int pk_feed_read_stix(struct pk_feed *feed, const json_t *objects);
PK_MUST_USE int pk_feed_read_misp(struct pk_feed *feed, const json_t *event);
PK_MUST_USE int pk_feed_read_warning(struct pk_feed *feed, const json_t *list);
PK_MUST_USE int pk_feed_read_json(struct pk_feed *feed);
PK_MUST_USE int pk_feed_read_yaml(struct pk_feed *feed);
/* PK_ENOENT: the text does not begin with a line of headings. */
PK_MUST_USE int pk_feed_read_table(struct pk_feed *feed);
PK_MUST_USE int pk_feed_read_list(struct pk_feed *feed);
PK_MUST_USE int pk_feed_read_prose(struct pk_feed *feed);

/* A string member; NULL when there is none. */
static inline const char *pk_feed_string(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}
