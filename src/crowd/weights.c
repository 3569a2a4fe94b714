#include <stdlib.h>

#include "crowd/internal.h"

#define NAME_MAX_LEN 40

#define PK_NAME(name, text) #name,
static const char *const network_names[] = { PK_NETWORK_TERMS(PK_NAME) };
static const char *const mast_names[] = { PK_MAST_TERMS(PK_NAME) };
static const char *const app_names[] = { PK_APP_TERMS(PK_NAME) };

static void set(const char *const *names, size_t count, float *values, const char *name, float x)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            values[i] = x;
            return;
        }
    }
}

bool pk_crowd_weights_read(const char *text, struct pk_crowd_weights *out)
{
    memset(out, 0, sizeof(*out));
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        char name[NAME_MAX_LEN];
        size_t n = strcspn(text, " \t\n");

        if (len > 2 && text[0] != '#' && text[1] == '_' && n < sizeof(name)) {
            char *end = NULL;
            float x = strtof(text + n, &end);

            /* One finite number, on this line, and nothing behind it. */
            if (n >= len || end == text + n || end + strspn(end, " \t\r") != text + len ||
                    !isfinite(x)) {
                return false;
            }
            memcpy(name, text, n);
            name[n] = '\0';
            switch (name[0]) {
            case 'n':
                set(network_names, PK_N_COUNT, out->network, name + 2, x);
                break;
            case 'c':
                set(mast_names, PK_C_COUNT, out->mast, name + 2, x);
                break;
            case 'a':
                set(app_names, PK_A_COUNT, out->app, name + 2, x);
                break;
            case 't': {
                unsigned long which = strtoul(name + 2, &end, 10);

                if (end == name + 2 || *end != '\0') {
                    return false;
                }
                if (which < PK_COUNT(out->t)) {
                    out->t[which] = x;
                }
                break;
            }
            default:
                break;
            }
        }
        text += len;
        text += *text == '\n';
    }
    return true;
}
