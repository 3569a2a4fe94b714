/* Prints the fields that a device can send, as tables in Markdown, from the very rows by which
 * reports are encoded and checked. docs/privacy.md holds this text; a test compares. */
#include <stdio.h>
#include <string.h>

#include "model/observation.h"

static const char *leaves_as(enum pk_privacy privacy)
{
    switch (privacy) {
    case PK_PRIVACY_COLLECT:
        return "as it is";
    case PK_PRIVACY_BLIND:
        return "**keyed hash**";
    case PK_PRIVACY_NEVER:
        return "**never**";
    case PK_PRIVACY_NONE:
        break;
    }
    return "?";
}

static void print_names(const char *const *names)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        printf("%s%s", i > 0 ? ", " : "one of ", names[i]);
    }
}

static void print_form(const struct pk_field *f)
{
    switch (f->type) {
    case PK_TYPE_BOOL:
        printf("yes or no");
        return;
    case PK_TYPE_TRI:
        printf("yes, no or unknown");
        return;
    case PK_TYPE_INT:
    case PK_TYPE_REAL:
        printf("number");
        return;
    case PK_TYPE_TIME:
        printf("time");
        return;
    case PK_TYPE_STRING:
        printf("text, at most %.0f bytes", f->max);
        return;
    case PK_TYPE_ENUM:
        print_names(f->names);
        return;
    case PK_TYPE_STRINGS:
        printf("at most %zu texts of %.0f bytes", f->count_max, f->max);
        return;
    case PK_TYPE_OBJECT:
    case PK_TYPE_OBJECTS:
    case PK_TYPE_JSON:
        printf("anything");
        return;
    }
}

/* The rows of one table; those of a list inside follow with its name before theirs. */
static void print_rows(const struct pk_schema *schema, const char *prefix)
{
    for (size_t i = 0; i < schema->count; i++) {
        const struct pk_field *f = &schema->fields[i];

        if (f->type == PK_TYPE_OBJECTS) {
            char inner[64];

            (void)snprintf(inner, sizeof(inner), "%s%s[].", prefix, f->name);
            print_rows(f->sub, inner);
        } else if (f->type != PK_TYPE_OBJECT) {
            printf("| `%s%s` | %s | ", prefix, f->name, f->help);
            print_form(f);
            printf(" | %s |\n", leaves_as(f->privacy));
        }
    }
}

static void print_table(const char *title, const struct pk_schema *schema)
{
    printf("### %s\n\n| field | what it is | form | leaves |\n|---|---|---|---|\n", title);
    print_rows(schema, "");
    printf("\n");
}

int main(void)
{
    print_table("Every observation", &pk_observation_schema);
    for (size_t i = 0; i < pk_observation_schema.count; i++) {
        const struct pk_field *f = &pk_observation_schema.fields[i];

        if (f->type == PK_TYPE_OBJECT) {
            char title[64];

            (void)snprintf(title, sizeof(title), "`%s`", f->name);
            print_table(title, f->sub);
        }
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
