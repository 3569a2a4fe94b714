/* error.h - result codes and the sentence that goes with them.
 *
 * What can fail returns int: PK_OK or a negative code; errno values are kept as they are. An
 * optional last argument `struct pk_error *err` (NULL is fine) receives the sentence and the place.
 * Thread-safe: an error belongs to its caller. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <errno.h>

#define PK_MUST_USE     __attribute__((warn_unused_result))
#define PK_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define PK_COUNT(a)     (sizeof(a) / sizeof((a)[0]))

enum pk_code {
    PK_OK = 0,
    PK_ENOMEM = -ENOMEM,
    PK_ENOENT = -ENOENT,
    PK_EEXIST = -EEXIST,
    PK_EINVAL = -EINVAL,
    PK_EIO = -EIO,
    PK_ENOSPC = -ENOSPC,
    PK_EAGAIN = -EAGAIN,
    PK_EBUSY = -EBUSY,
    PK_EACCES = -EACCES,
    PK_ETIMEDOUT = -ETIMEDOUT,
    PK_ETRUNC = -1000,   /* the input ends inside a field */
    PK_EMALF = -1001,    /* the input contradicts itself or its grammar */
    PK_ELIMIT = -1002,   /* the input asks for more than we grant */
    PK_EUNKNOWN = -1003, /* a key or name that is not in the schema */
    PK_ETYPE = -1004,    /* a value of the wrong type */
    PK_EBOUNDS = -1005,  /* a value outside its range */
    PK_EMISSING = -1006, /* a required key is absent */
    PK_ECRYPTO = -1007,  /* a signature, certificate or cipher does not hold */
    PK_EPEER = -1008,    /* the other side answered with an error */
};

struct pk_error {
    int code;
    int line;       /* of a text file, from 1; 0 when unknown */
    size_t offset;  /* into a binary input; 0 when unknown */
    char path[160]; /* of a JSON or YAML value: "observations[3].tls.host"; "" when unknown */
    char text[320]; /* one sentence, no trailing dot or newline */
};

/* Fills *err (when not NULL) and returns code, so that setting and returning is one statement.
 * Leaves path, line and offset empty. */
int pk_error_set(struct pk_error *err, int code, const char *format, ...) PK_PRINTF(3, 4);
#ifdef __clang_analyzer__
/* The analyser does not see into error.c; without this it follows errors that return success.
 * NOLINTNEXTLINE(readability-identifier-naming) */
#define pk_error_set(err, code, ...) ((void)(pk_error_set)((err), (code), __VA_ARGS__), (code))
#endif
int pk_error_setv(struct pk_error *err, int code, const char *format, va_list args) PK_PRINTF(3, 0);

/* Puts "prefix: " before the sentence that is there; keeps the rest. */
void pk_error_prefix(struct pk_error *err, const char *format, ...) PK_PRINTF(2, 3);

/* "no such key" for a code alone; strerror for errno values. Static text. */
const char *pk_code_text(int code);
