#include "scan/yara_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yara.h>

#include "model/threat.h"

#define TIMEOUT_S   4 /* for the bytes of one entry */
#define STRINGS_MAX 8UL
#define TAGS_MAX    16UL
#define TEXT_SIZE   160

/* The engine's state is made before the fork; each reader has its copy. */
struct engine {
    YR_RULES *rules;
    YR_SCANNER *scanner;
};

struct match {
    YR_SCAN_CONTEXT *scanner;
    pk_byte_sink sink;
    void *ctx;
    bool limit;
};

/* The compiled rules; their descriptor's position is shared with other processes. */
struct source {
    int fd;
    off_t at;
};

static size_t read_stream(void *ptr, size_t size, size_t count, void *user)
{
    struct source *source = user;
    size_t done = 0;

    while (done < size * count) {
        ssize_t n = pread(source->fd, (char *)ptr + done, size * count - done, source->at);

        if (n <= 0) {
            break;
        }
        done += (size_t)n;
        source->at += n;
    }
    return size > 0 ? done / size : 0;
}

static void describe_strings(YR_SCAN_CONTEXT *scanner, YR_RULE *rule, struct pk_byte_hit *hit,
        char text[][TEXT_SIZE], const char **items)
{
    YR_STRING *string;

    yr_rule_strings_foreach(rule, string)
    {
        YR_MATCH *match;

        yr_string_matches_foreach(scanner, string, match)
        {
            if (hit->string_count == STRINGS_MAX) {
                return;
            }
            (void)snprintf(text[hit->string_count], TEXT_SIZE, "%.100s at 0x%llx",
                    string->identifier, (unsigned long long)(match->base + match->offset));
            items[hit->string_count] = text[hit->string_count];
            hit->string_count++;
            break; /* the first place of each string says enough */
        }
    }
}

static int index_of(const char *const *names, size_t count, const char *text, int usual)
{
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(names[i], text) == 0) {
            return (int)i;
        }
    }
    return usual;
}

/* What a rule says of itself; unknown words leave the usual. */
static void take_meta(const char *name, const char *text, struct pk_byte_hit *hit)
{
    static const char *const severities[] = { "info", "low", "medium", "high", "critical" };
    static const char *const weights[] = { "none", "unwanted", "suspicious", "malicious" };

    if (strcmp(name, "description") == 0) {
        hit->description = text;
    } else if (strcmp(name, "severity") == 0) {
        hit->severity = index_of(severities, PK_COUNT(severities), text, hit->severity);
    } else if (strcmp(name, "verdict") == 0) {
        hit->weight = index_of(weights, PK_COUNT(weights), text, hit->weight);
    } else if (strcmp(name, "attack") == 0) {
        hit->attack = text;
    }
}

static void tell(struct match *match, YR_RULE *rule)
{
    char text[STRINGS_MAX][TEXT_SIZE];
    const char *strings[STRINGS_MAX];
    const char *tags[TAGS_MAX];
    struct pk_byte_hit hit = {
        .rule = rule->identifier,
        .space = rule->ns != NULL ? rule->ns->name : "",
        .tags = tags,
        .strings = strings,
        .severity = PK_SEVERITY_MEDIUM,
        .weight = PK_APP_WEIGHT_SUSPICIOUS,
    };
    const char *tag;
    YR_META *meta;

    yr_rule_tags_foreach(rule, tag)
    {
        if (hit.tag_count < TAGS_MAX) {
            tags[hit.tag_count++] = tag;
        }
    }
    yr_rule_metas_foreach(rule, meta)
    {
        if (meta->type == META_TYPE_STRING) {
            take_meta(meta->identifier, meta->string, &hit);
        }
    }
    describe_strings(match->scanner, rule, &hit, text, strings);
    match->sink(match->ctx, &hit);
}

static int on_message(YR_SCAN_CONTEXT *scanner, int message, void *data, void *user)
{
    struct match *match = user;

    if (message == CALLBACK_MSG_RULE_MATCHING) {
        match->scanner = scanner;
        tell(match, data);
    } else if (message == CALLBACK_MSG_TOO_MANY_MATCHES) {
        match->limit = true;
    }
    return CALLBACK_CONTINUE;
}

static int match_bytes(const struct pk_byte_rules *rules, struct pk_slice bytes, const char *file,
        pk_byte_sink sink, void *ctx)
{
    const struct engine *engine = rules->engine;
    struct match match = { .sink = sink, .ctx = ctx };
    int rc;

    yr_scanner_set_callback(engine->scanner, on_message, &match);
    (void)yr_scanner_define_string_variable(engine->scanner, "entry", file);
    rc = yr_scanner_scan_mem(engine->scanner, bytes.ptr, bytes.len);
    if (rc == ERROR_INSUFFICIENT_MEMORY) {
        return PK_ENOMEM;
    }
    return rc != ERROR_SUCCESS || match.limit ? PK_ELIMIT : PK_OK;
}

int pk_yara_load(int fd, const struct pk_byte_rules **out)
{
    static struct engine engine;
    static struct pk_byte_rules rules = { .engine = &engine, .match = match_bytes };
    struct source source = { .fd = fd };
    YR_STREAM stream = { .user_data = &source, .read = read_stream };
    int rc = yr_initialize();

    rc = rc != ERROR_SUCCESS ? rc : yr_rules_load_stream(&stream, &engine.rules);
    rc = rc != ERROR_SUCCESS ? rc : yr_scanner_create(engine.rules, &engine.scanner);
    if (rc != ERROR_SUCCESS) {
        return rc == ERROR_INSUFFICIENT_MEMORY ? PK_ENOMEM : PK_EMALF;
    }
    /* No signal handlers: there are none to be had in the sandbox, and the bytes are private copies or a mapping whose
     * truncation ends the reader. */
    yr_scanner_set_flags(engine.scanner, SCAN_FLAGS_NO_TRYCATCH);
    yr_scanner_set_timeout(engine.scanner, TIMEOUT_S);
    *out = &rules;
    return PK_OK;
}
