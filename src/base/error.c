#include "base/error.h"

#include <stdio.h>
#include <string.h>

#undef pk_error_set /* the analyser's view of it, see error.h */

int pk_error_setv(struct pk_error *err, int code, const char *format, va_list args)
{
    if (err != NULL) {
        *err = (struct pk_error){ .code = code };
        (void)vsnprintf(err->text, sizeof(err->text), format, args);
    }
    return code;
}

int pk_error_set(struct pk_error *err, int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)pk_error_setv(err, code, format, args);
    va_end(args);
    return code;
}

void pk_error_prefix(struct pk_error *err, const char *format, ...)
{
    char before[sizeof(err->text)];
    char joined[2 * sizeof(err->text) + 3];
    va_list args;

    if (err == NULL) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(before, sizeof(before), format, args);
    va_end(args);
    (void)snprintf(joined, sizeof(joined), "%s: %s", before, err->text);
    joined[sizeof(err->text) - 1] = '\0';
    memcpy(err->text, joined, strlen(joined) + 1);
}

const char *pk_code_text(int code)
{
    switch (code) {
    case PK_OK:
        return "fine";
    case PK_ETRUNC:
        return "the input ends too early";
    case PK_EMALF:
        return "the input is malformed";
    case PK_ELIMIT:
        return "the input exceeds a limit";
    case PK_EUNKNOWN:
        return "unknown key";
    case PK_ETYPE:
        return "wrong type";
    case PK_EBOUNDS:
        return "out of range";
    case PK_EMISSING:
        return "missing key";
    case PK_ECRYPTO:
        return "cryptographic check failed";
    case PK_EPEER:
        return "the other side answered with an error";
    default:
        break;
    }
    const char *text = strerrordesc_np(-code); /* strerror may share its buffer between threads */
    return text != NULL ? text : "unknown error";
}
