#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yara.h>

#include "scan/yara_rules.h"

#define FILES_MAX 10000

struct compile {
    YR_COMPILER *compiler;
    size_t files;
    bool bad;
};

static void complain(struct compile *c, const char *path, const char *text)
{
    (void)fprintf(stderr, "%s: %s\n", path, text);
    c->bad = true;
}

static void on_error(
        int level, const char *file, int line, const YR_RULE *rule, const char *text, void *user)
{
    struct compile *c = user;

    (void)fprintf(stderr, "%s:%d: %s%s%s%s\n", file != NULL ? file : "rules", line,
            level == YARA_ERROR_LEVEL_ERROR ? "" : "warning: ", text,
            rule != NULL ? " in rule " : "", rule != NULL ? rule->identifier : "");
    c->bad |= level == YARA_ERROR_LEVEL_ERROR;
}

static void add_file(struct compile *c, const char *path)
{
    const char *slash = strrchr(path, '/');
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        complain(c, path, pk_code_text(-errno));
        return;
    }
    if (c->files++ == FILES_MAX) {
        complain(c, path, "too many rule files");
    } else if (!c->bad) { /* the compiler takes nothing more after an error */
        (void)yr_compiler_add_file(c->compiler, file, slash != NULL ? slash + 1 : path, path);
    }
    (void)fclose(file);
}

static int is_rules(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');

    return dot != NULL && (strcmp(dot, ".yar") == 0 || strcmp(dot, ".yara") == 0);
}

static void add_folder(struct compile *c, const char *path)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, is_rules, alphasort);

    if (count < 0) {
        complain(c, path, pk_code_text(-errno));
        return;
    }
    if (count == 0) {
        complain(c, path, "the folder holds no *.yar or *.yara file");
    }
    for (int i = 0; i < count; i++) {
        char file[PATH_MAX];

        if (snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name) < (int)sizeof(file)) {
            add_file(c, file);
        }
        free(entries[i]);
    }
    free(entries);
}

/* Tells which modules the rules import. */
static int on_import(YR_SCAN_CONTEXT *scanner, int message, void *data, void *user)
{
    static const char *const refused[] = { "magic", "cuckoo", "time" };
    struct compile *c = user;

    (void)scanner;
    if (message != CALLBACK_MSG_IMPORT_MODULE) {
        return CALLBACK_CONTINUE;
    }
    for (size_t i = 0; i < PK_COUNT(refused); i++) {
        if (strcmp(((YR_MODULE_IMPORT *)data)->module_name, refused[i]) == 0) {
            (void)fprintf(stderr,
                    "the module '%s' asks the system, which the sandbox does not allow: take it "
                    "out "
                    "of the rules\n",
                    refused[i]);
            c->bad = true;
        }
    }
    return CALLBACK_CONTINUE;
}

static size_t write_stream(const void *ptr, size_t size, size_t count, void *user)
{
    const int *fd = user;
    size_t done = 0;

    while (done < size * count) {
        ssize_t n = write(*fd, (const char *)ptr + done, size * count - done);

        if (n <= 0) {
            return 0;
        }
        done += (size_t)n;
    }
    return count;
}

static void save(struct compile *c, int out_fd)
{
    static const uint8_t nothing[1];
    YR_STREAM stream = { .user_data = &out_fd, .write = write_stream };
    YR_RULES *rules = NULL;

    if (yr_compiler_get_rules(c->compiler, &rules) != ERROR_SUCCESS) {
        complain(c, "rules", "they cannot be put together");
        return;
    }
    (void)yr_rules_scan_mem(rules, nothing, 0, SCAN_FLAGS_NO_TRYCATCH, on_import, c, 1);
    if (!c->bad && yr_rules_save_stream(rules, &stream) != ERROR_SUCCESS) {
        complain(c, "rules", "the compiled rules cannot be written");
    }
    (void)yr_rules_destroy(rules);
}

int pk_yara_compile(char *const *paths, int out_fd)
{
    struct compile c = { 0 };

    if (yr_initialize() != ERROR_SUCCESS || yr_compiler_create(&c.compiler) != ERROR_SUCCESS) {
        return PK_ENOMEM;
    }
    yr_compiler_set_callback(c.compiler, on_error, &c);
    (void)yr_compiler_define_string_variable(c.compiler, "entry", "");
    for (size_t i = 0; paths[i] != NULL; i++) {
        struct stat info;

        if (stat(paths[i], &info) < 0) {
            complain(&c, paths[i], pk_code_text(-errno));
        } else if (S_ISDIR(info.st_mode)) {
            add_folder(&c, paths[i]);
        } else {
            add_file(&c, paths[i]);
        }
    }
    if (!c.bad) {
        save(&c, out_fd);
    }
    yr_compiler_destroy(c.compiler);
    return c.bad ? PK_EINVAL : PK_OK;
}
