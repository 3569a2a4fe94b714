#include "agent/roots_read.h"

#include <dirent.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/file.h"

#define FILES_MAX 8192 /* of one folder: a store has two names for each certificate */

void pk_roots_each(struct pk_slice pem, pk_roots_fn *fn, void *ctx)
{
    BIO *bio = pem.len <= INT_MAX ? BIO_new_mem_buf(pem.ptr, (int)pem.len) : NULL;

    for (size_t i = 0; bio != NULL && i < PK_ROOTS_MAX; i++) {
        char *name = NULL;
        char *header = NULL;
        unsigned char *der = NULL;
        long len = 0;

        if (!PEM_read_bio(bio, &name, &header, &der, &len)) {
            if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) {
                break; /* the end */
            }
            continue; /* it has read further all the same */
        }
        if (strcmp(name, PEM_STRING_X509) == 0 || strcmp(name, PEM_STRING_X509_OLD) == 0) {
            fn(ctx, pk_slice_of(der, (size_t)len));
        }
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(der);
    }
    BIO_free(bio);
    ERR_clear_error();
}

void pk_roots_of_file(const char *path, pk_roots_fn *fn, void *ctx)
{
    struct pk_buffer text = pk_buffer_of(PK_ROOTS_FILE_MAX);

    if (pk_file_read(path, &text, NULL) == PK_OK) {
        pk_roots_each(pk_buffer_slice(&text), fn, ctx);
    }
    pk_buffer_finish(&text);
}

/* "5ed36f99.0": the second name of a certificate that has another one already. */
static bool is_hash_link(const char *dir, const char *name)
{
    char path[PATH_MAX];
    struct stat st;

    return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' &&
            snprintf(path, sizeof(path), "%s/%s", dir, name) < (int)sizeof(path) &&
            lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

void pk_roots_of_folder(const char *dir, pk_roots_fn *fn, void *ctx)
{
    DIR *folder = opendir(dir);
    const struct dirent *entry;

    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this function's own */
    for (size_t i = 0; folder != NULL && i < FILES_MAX && (entry = readdir(folder)) != NULL; i++) {
        char path[PATH_MAX];
        struct stat st;

        if (entry->d_name[0] != '.' && !is_hash_link(dir, entry->d_name) &&
                snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name) < (int)sizeof(path) &&
                stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
            pk_roots_of_file(path, fn, ctx);
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
}

void pk_roots_of_system(const char *dir, const char *list_file, pk_roots_fn *fn, void *ctx)
{
    struct pk_buffer list = pk_buffer_of(PK_ROOTS_FILE_MAX);
    size_t prefix = strlen(dir);
    char *rest = NULL;

    if (pk_file_read(list_file, &list, NULL) < 0 || pk_buffer_putc(&list, '\0') < 0) {
        pk_buffer_finish(&list);
        pk_roots_of_folder(dir, fn, ctx);
        return;
    }
    for (char *path = strtok_r((char *)list.ptr, "\n", &rest); path != NULL;
            path = strtok_r(NULL, "\n", &rest)) {
        size_t len = strlen(path);

        if (len > prefix + 4 && memcmp(path, dir, prefix) == 0 &&
                strcmp(path + len - 4, ".crt") == 0) {
            pk_roots_of_file(path, fn, ctx);
        }
    }
    pk_buffer_finish(&list);
}
