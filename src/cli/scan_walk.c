#include "cli/scan_walk.h"

#include <stdint.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_SIZE    64UL
#define SENTENCE_MAX 512

struct walk {
    struct pk_scan_list *list;
    bool all;
    void (*complain)(void *ctx, const char *sentence);
    void *ctx;
};

static int add(struct pk_scan_list *list, const char *path)
{
    char *copy;

    if (list->count == list->cap) {
        size_t cap = list->cap == 0 ? 64 : list->cap * 2;
        char **paths = reallocarray(list->paths, cap, sizeof(*paths));

        if (paths == NULL) {
            return PK_ENOMEM;
        }
        list->paths = paths;
        list->cap = cap;
    }
    copy = strdup(path);
    if (copy == NULL) {
        return PK_ENOMEM;
    }
    list->paths[list->count++] = copy;
    return PK_OK;
}

void pk_scan_list_finish(struct pk_scan_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->paths[i]);
    }
    free(list->paths);
    *list = (struct pk_scan_list){ 0 };
}

static bool ends(const char *text, const char *tail)
{
    size_t n = strlen(text);
    size_t m = strlen(tail);

    return n >= m && strcasecmp(text + n - m, tail) == 0;
}

/* A broken app is one, too: its name says so when its bytes do not. */
static bool is_named_like_app(const char *path)
{
    static const char *const tails[] = { ".apk", ".apks", ".xapk", ".apkm", ".ipa", ".dex" };

    for (size_t i = 0; i < PK_COUNT(tails); i++) {
        if (ends(path, tails[i])) {
            return true;
        }
    }
    return false;
}

/* Archives that begin with one of these are documents. */
static bool is_document(const uint8_t *head, size_t len)
{
    static const char *const first[] = { "[Content_Types].xml", "mimetype", "_rels/" };
    const size_t name_at = 30; /* of a local header */

    for (size_t i = 0; i < PK_COUNT(first); i++) {
        size_t n = strlen(first[i]);

        if (len >= name_at + n && memcmp(head + name_at, first[i], n) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_app_head(const uint8_t *head, size_t len)
{
    static const char magics[][5] = { "dex\n", "\177ELF", "\xfe\xed\xfa\xce", "\xfe\xed\xfa\xcf",
        "\xce\xfa\xed\xfe", "\xcf\xfa\xed\xfe" };

    if (len < 8) {
        return false;
    }
    if (memcmp(head, "PK\3\4", 4) == 0) {
        return !is_document(head, len);
    }
    /* Fat Mach-O; a Java class has its version where that has its few architectures. */
    if (memcmp(head, "\xca\xfe\xba\xbe", 4) == 0) {
        return head[4] == 0 && head[5] == 0 && head[6] == 0 && head[7] < 40;
    }
    for (size_t i = 0; i < PK_COUNT(magics); i++) {
        if (memcmp(head, magics[i], 4) == 0) {
            return true;
        }
    }
    return false;
}

static bool looks_like_app(const char *path)
{
    uint8_t head[HEAD_SIZE];
    ssize_t n;
    int fd;

    if (is_named_like_app(path)) {
        return true;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return false; /* not known to be an app, so nothing to complain about */
    }
    n = read(fd, head, sizeof(head));
    (void)close(fd);
    return n > 0 && is_app_head(head, (size_t)n);
}

static void complain(const struct walk *w, const char *path, const char *what, int error)
{
    char text[SENTENCE_MAX];

    (void)snprintf(text, sizeof(text), "%s '%s': %s", what, path, pk_code_text(-error));
    w->complain(w->ctx, text);
}

/* Links to files are followed, links to folders are not: so no loop. */
static bool is_file(const FTSENT *entry)
{
    struct stat st;

    if (entry->fts_info == FTS_F) {
        return true;
    }
    return entry->fts_info == FTS_SL && stat(entry->fts_accpath, &st) == 0 && S_ISREG(st.st_mode);
}

static int visit(const struct walk *w, const FTSENT *entry)
{
    switch (entry->fts_info) {
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        complain(w, entry->fts_path, "cannot read", entry->fts_errno);
        return PK_OK;
    default:
        break;
    }
    if (!is_file(entry) || (!w->all && ends(entry->fts_path, ".idsig"))) {
        return PK_OK;
    }
    return w->all || looks_like_app(entry->fts_accpath) ? add(w->list, entry->fts_path) : PK_OK;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int walk_folder(const struct walk *w, const char *path)
{
    char *copy = strdup(path);
    char *paths[] = { copy, NULL };
    FTS *tree = copy != NULL ? fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name)
                             : NULL;
    FTSENT *entry;
    int rc = tree == NULL ? PK_ENOMEM : PK_OK;

    while (rc == PK_OK) {
        errno = 0;
        entry = fts_read(tree);
        if (entry == NULL) {
            if (errno != 0) {
                complain(w, path, "cannot read all of", errno);
            }
            break;
        }
        rc = visit(w, entry);
    }
    if (tree != NULL) {
        (void)fts_close(tree);
    }
    free(copy);
    return rc;
}

int pk_scan_walk(struct pk_scan_list *list, const char *arg, bool all,
        void (*complain_to)(void *ctx, const char *sentence), void *ctx)
{
    const struct walk w = { .list = list, .all = all, .complain = complain_to, .ctx = ctx };
    struct stat st;

    if (strcmp(arg, "-") == 0) {
        return add(list, arg);
    }
    if (stat(arg, &st) < 0) {
        complain(&w, arg, "cannot read", errno);
        return PK_OK;
    }
    if (!S_ISDIR(st.st_mode)) {
        return add(list, arg);
    }
    list->walked = true;
    return walk_folder(&w, arg);
}
