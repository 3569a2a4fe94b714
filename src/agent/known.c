#include "agent/known.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/file.h"

#define FILE_NAME "known.json"
#define FILE_MAX  (4UL * 1024 * 1024)
#define NOTES_MAX 128

static const char *const list_names[] = { "security", "bssid", "maker", "gateway", "router6",
    "dhcp", "dns", "wpad", "root", "version", "https", "content", "address", NULL };

struct subject {
    char *name;
    int64_t visits;
    int64_t last_ms;
    char *values[PK_KNOWN_LISTS][PK_KNOWN_VALUES_MAX]; /* newest first */
};

struct note {
    char subject[PK_KNOWN_TEXT];
    char value[PK_KNOWN_TEXT];
    enum pk_known_list list;
};

struct pk_known {
    char path[PATH_MAX]; /* "": in memory only */
    struct subject *subjects;
    size_t count;
    struct note notes[NOTES_MAX];
    size_t note_count;
    char visit[PK_KNOWN_TEXT]; /* the network whose visit is counted already */
};

static struct subject *find(const struct pk_known *known, const char *name)
{
    for (size_t i = 0; i < known->count; i++) {
        if (strcmp(known->subjects[i].name, name) == 0) {
            return &known->subjects[i];
        }
    }
    return NULL;
}

static void clear(struct subject *s)
{
    free(s->name);
    for (size_t l = 0; l < PK_KNOWN_LISTS; l++) {
        for (size_t i = 0; i < PK_KNOWN_VALUES_MAX; i++) {
            free(s->values[l][i]);
        }
    }
    *s = (struct subject){ 0 };
}

/* NULL when memory is short. */
static struct subject *add(struct pk_known *known, const char *name)
{
    struct subject *s = find(known, name);

    if (s != NULL) {
        return s;
    }
    if (known->count < PK_KNOWN_SUBJECTS_MAX) {
        s = &known->subjects[known->count];
    } else {
        s = &known->subjects[0];
        for (size_t i = 1; i < known->count; i++) {
            s = known->subjects[i].last_ms < s->last_ms ? &known->subjects[i] : s;
        }
        clear(s);
    }
    s->name = strdup(name);
    if (s->name == NULL) {
        return NULL;
    }
    known->count += known->count < PK_KNOWN_SUBJECTS_MAX;
    return s;
}

/* Puts the value first; true when it was not there. */
static bool learn(struct subject *s, enum pk_known_list list, const char *value)
{
    char **values = s->values[list];
    size_t at = 0;
    char *moved;
    bool news;

    while (at < PK_KNOWN_VALUES_MAX - 1 && values[at] != NULL && strcmp(values[at], value) != 0) {
        at++;
    }
    news = values[at] == NULL || strcmp(values[at], value) != 0;
    moved = news ? strdup(value) : values[at];
    if (moved == NULL) {
        return false;
    }
    if (news) {
        free(values[at]);
    }
    memmove(values + 1, values, at * sizeof(*values));
    values[0] = moved;
    return news;
}

/* --- the file ----------------------------------------------------------------------------- */

static json_t *encode_subject(const struct subject *s)
{
    json_t *out = json_pack("{s:s, s:I, s:I}", "of", s->name, "visits", (json_int_t)s->visits,
            "last_ms", (json_int_t)s->last_ms);

    for (size_t l = 0; l < PK_KNOWN_LISTS; l++) {
        json_t *list = json_array();

        for (size_t i = 0; i < PK_KNOWN_VALUES_MAX && s->values[l][i] != NULL; i++) {
            (void)json_array_append_new(list, json_string(s->values[l][i]));
        }
        if (json_array_size(list) > 0) {
            (void)json_object_set(out, list_names[l], list);
        }
        json_decref(list);
    }
    return out;
}

static void save(const struct pk_known *known)
{
    json_t *all = json_array();
    char *text;

    if (known->path[0] == '\0') {
        json_decref(all);
        return;
    }
    for (size_t i = 0; i < known->count; i++) {
        (void)json_array_append_new(all, encode_subject(&known->subjects[i]));
    }
    text = all != NULL ? pk_json_text(all) : NULL;
    if (text != NULL) {
        (void)!pk_file_write(known->path, pk_slice_str(text), 0600, NULL); /* next time, then */
    }
    free(text);
    json_decref(all);
}

static void load_subject(struct pk_known *known, const json_t *in)
{
    const char *name = json_string_value(json_object_get(in, "of"));
    struct subject *s = name != NULL && strlen(name) < PK_KNOWN_TEXT ? add(known, name) : NULL;

    if (s == NULL) {
        return;
    }
    s->visits = json_integer_value(json_object_get(in, "visits"));
    s->last_ms = json_integer_value(json_object_get(in, "last_ms"));
    for (size_t l = 0; l < PK_KNOWN_LISTS; l++) {
        const json_t *list = json_object_get(in, list_names[l]);

        for (size_t i = json_array_size(list); i-- > 0;) {
            const char *value = json_string_value(json_array_get(list, i));

            if (value != NULL && strlen(value) < PK_KNOWN_TEXT) {
                (void)learn(s, (enum pk_known_list)l, value);
            }
        }
    }
}

static int load(struct pk_known *known, struct pk_error *err)
{
    struct pk_buffer text = pk_buffer_of(FILE_MAX);
    json_t *all = NULL;

    if (pk_file_read(known->path, &text, NULL) == PK_OK &&
            pk_json_parse(text.ptr, text.len, &all, err) == PK_OK) {
        for (size_t i = 0; i < json_array_size(all) && i < PK_KNOWN_SUBJECTS_MAX; i++) {
            load_subject(known, json_array_get(all, i));
        }
    }
    json_decref(all);
    pk_buffer_finish(&text);
    return PK_OK;
}

/* --- faces -------------------------------------------------------------------------------- */

int pk_known_open(const char *state_dir, struct pk_known **out, struct pk_error *err)
{
    struct pk_known *known = calloc(1, sizeof(*known));

    if (known != NULL) {
        known->subjects = calloc(PK_KNOWN_SUBJECTS_MAX, sizeof(*known->subjects));
    }
    if (known == NULL || known->subjects == NULL) {
        pk_known_close(known);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    *out = known;
    if (state_dir == NULL) {
        return PK_OK;
    }
    (void)snprintf(known->path, sizeof(known->path), "%s/" FILE_NAME, state_dir);
    return load(known, err);
}

void pk_known_close(struct pk_known *known)
{
    if (known == NULL) {
        return;
    }
    for (size_t i = 0; known->subjects != NULL && i < known->count; i++) {
        clear(&known->subjects[i]);
    }
    free(known->subjects);
    free(known);
}

enum pk_tri pk_known_has(const struct pk_known *known, const char *subject, enum pk_known_list list,
        const char *value)
{
    const struct subject *s = find(known, subject);

    if (s == NULL || s->values[list][0] == NULL) {
        return PK_TRI_UNKNOWN;
    }
    for (size_t i = 0; i < PK_KNOWN_VALUES_MAX && s->values[list][i] != NULL; i++) {
        if (strcmp(s->values[list][i], value) == 0) {
            return PK_TRI_YES;
        }
    }
    return PK_TRI_NO;
}

const char *pk_known_at(
        const struct pk_known *known, const char *subject, enum pk_known_list list, size_t index)
{
    const struct subject *s = find(known, subject);

    return s != NULL && index < PK_KNOWN_VALUES_MAX ? s->values[list][index] : NULL;
}

int64_t pk_known_visits(const struct pk_known *known, const char *subject)
{
    const struct subject *s = find(known, subject);

    return s != NULL ? s->visits : 0;
}

void pk_known_note(
        struct pk_known *known, const char *subject, enum pk_known_list list, const char *value)
{
    struct note *note = &known->notes[known->note_count];

    if (strlen(subject) >= PK_KNOWN_TEXT || strlen(value) >= PK_KNOWN_TEXT || *value == '\0' ||
            known->note_count == NOTES_MAX) {
        return;
    }
    for (size_t i = 0; i < known->note_count; i++) {
        if (known->notes[i].list == list && strcmp(known->notes[i].value, value) == 0 &&
                strcmp(known->notes[i].subject, subject) == 0) {
            return;
        }
    }
    (void)snprintf(note->subject, sizeof(note->subject), "%s", subject);
    (void)snprintf(note->value, sizeof(note->value), "%s", value);
    note->list = list;
    known->note_count++;
}

void pk_known_settle(struct pk_known *known, const char *network, int64_t now_ms)
{
    bool counted = network == NULL || strcmp(known->visit, network) == 0;
    bool news = !counted;

    for (size_t i = 0; i < known->note_count; i++) {
        const struct note *note = &known->notes[i];
        struct subject *s = add(known, note->subject);

        if (s == NULL) {
            continue;
        }
        news |= learn(s, note->list, note->value);
        s->last_ms = now_ms;
    }
    /* Each subject of the notes was seen on this visit: once. */
    for (size_t i = 0; i < known->count && !counted; i++) {
        struct subject *s = &known->subjects[i];

        s->visits += s->last_ms == now_ms;
    }
    known->note_count = 0;
    if (!counted && strlen(network) < sizeof(known->visit)) {
        (void)snprintf(known->visit, sizeof(known->visit), "%s", network);
    }
    if (news) {
        save(known);
    }
}

void pk_known_forget_notes(struct pk_known *known)
{
    known->note_count = 0;
}

void pk_known_left(struct pk_known *known)
{
    known->note_count = 0;
    known->visit[0] = '\0';
}
