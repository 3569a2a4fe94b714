/* picket rules - the behaviour rules that judge apps. They are built in: no server is asked. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/print.h"
#include "defense/malware/rules_catalogue.h"

#define WIDTH 96U

static const char usage[] =
        "usage: picket rules list [--attack ID] [--family THREAT] [--json]\n"
        "       picket rules show ID [--json]\n"
        "The behaviour rules by which apps are judged. A finding's rule \"rules/ID\" is one of "
        "these.\n"
        "  --attack ID      only those of this ATT&CK technique; T1636 is also T1636.004\n"
        "  --family THREAT  only those that name this family: malware.banker, or banker\n"
        "  --json           as JSON, with texts and conditions\n"
        "Exit status: 0 done, 2 wrong usage, 3 there is no such rule.\n";

struct wishes {
    const char *attack;
    const char *family;
    bool json;
};

static json_t *strings(const char *const *items)
{
    json_t *list = json_array();

    for (size_t i = 0; items[i] != NULL; i++) {
        (void)json_array_append_new(list, json_string(items[i]));
    }
    return list;
}

static json_t *view(const struct pk_rule_page *page)
{
    json_t *out = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:o}", "id", page->id, "title",
            page->title, "text", page->text, "severity", page->severity, "kind", page->kind,
            "attack", strings(page->attack), "condition", page->condition, "refers",
            strings(page->refers));

    if (out != NULL && page->threat != NULL) {
        (void)json_object_set_new(out, "threat", json_string(page->threat));
        (void)json_object_set_new(out, "verdict", json_string(page->verdict));
        (void)json_object_set_new(out, "confidence", json_real(page->confidence));
    }
    return out;
}

/* "T1636" stands for its parts, too. */
static bool has_attack(const struct pk_rule_page *page, const char *wanted)
{
    size_t len = strlen(wanted);

    for (size_t i = 0; page->attack[i] != NULL; i++) {
        const char *id = page->attack[i];

        if (strncmp(id, wanted, len) == 0 && (id[len] == '\0' || id[len] == '.')) {
            return true;
        }
    }
    return false;
}

static bool has_family(const struct pk_rule_page *page, const char *wanted)
{
    const char *name = page->threat != NULL ? strchr(page->threat, '.') : NULL;

    return name != NULL && (strcmp(page->threat, wanted) == 0 || strcmp(name + 1, wanted) == 0);
}

static int list(const struct wishes *wishes)
{
    static const struct pk_column columns[] = {
        { "ID", "id" },
        { "SEVERITY", "severity" },
        { "FAMILY", "threat" },
        { "TITLE", "title" },
        { NULL, NULL },
    };
    json_t *items = json_array();

    for (size_t i = 0; i < pk_rule_page_count; i++) {
        const struct pk_rule_page *page = &pk_rule_pages[i];

        if ((wishes->attack == NULL || has_attack(page, wishes->attack)) &&
                (wishes->family == NULL || has_family(page, wishes->family))) {
            (void)json_array_append_new(items, view(page));
        }
    }
    if (wishes->json) {
        json_t *all = json_pack(
                "{s:O, s:I}", "items", items, "total", (json_int_t)json_array_size(items));

        pk_print_json(stdout, all);
        json_decref(all);
    } else {
        pk_print_table(stdout, columns, items);
    }
    json_decref(items);
    return PK_EXIT_FINE;
}

/* Broken at spaces to WIDTH, each line behind so many spaces. */
static void put_wrapped(const char *text, unsigned indent)
{
    unsigned column = 0;

    while (*text != '\0') {
        size_t word = strcspn(text, " ");

        if (column > 0 && column + 1 + word > WIDTH) {
            (void)putchar('\n');
            column = 0;
        }
        column += column == 0 ? (unsigned)printf("%*s", (int)indent, "") : (unsigned)printf(" ");
        column += (unsigned)printf("%.*s", (int)word, text);
        text += word + strspn(text + word, " ");
    }
    (void)putchar('\n');
}

static void put_lines(const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");

        (void)printf("  %.*s\n", (int)len, text);
        text += len + (text[len] == '\n');
    }
}

static void put_page(const struct pk_rule_page *page)
{
    (void)printf("%s\n%s\n\n", page->id, page->title);
    put_wrapped(page->text, 0);
    (void)printf("\nseverity   %s\n", page->severity);
    if (strcmp(page->kind, "apk") != 0) {
        (void)printf("of         %s files\n", page->kind);
    }
    if (page->threat != NULL) {
        (void)printf("family     %s: %s, confidence %.2f\n", page->threat, page->verdict,
                page->confidence);
    }
    for (size_t i = 0; page->attack[i] != NULL; i++) {
        (void)printf("%s%s", i == 0 ? "ATT&CK     " : ", ", page->attack[i]);
    }
    (void)printf("%sholds when the app\n", page->attack[0] != NULL ? "\n" : "");
    put_lines(page->condition);
}

static int show(const struct wishes *wishes, const char *id)
{
    const char *bare = strncmp(id, "rules/", 6) == 0 ? id + 6 : id;
    const struct pk_rule_page *page = pk_rule_page_find(bare);

    if (page == NULL) {
        (void)fprintf(stderr, "picket rules: there is no rule '%s'\n", bare);
        return PK_EXIT_FAILED;
    }
    if (wishes->json) {
        json_t *object = view(page);

        pk_print_json(stdout, object);
        json_decref(object);
    } else {
        put_page(page);
    }
    return PK_EXIT_FINE;
}

static int wrong(void)
{
    (void)fputs(usage, stderr);
    return PK_EXIT_USAGE;
}

int pk_cmd_rules(int argc, char **argv)
{
    static const struct option options[] = { { "attack", required_argument, NULL, 'a' },
        { "family", required_argument, NULL, 'f' }, { "json", no_argument, NULL, 'j' },
        { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
    struct wishes wishes = { 0 };
    const char *verb;
    int option;

    /* NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread */
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'a':
            wishes.attack = optarg;
            break;
        case 'f':
            wishes.family = optarg;
            break;
        case 'j':
            wishes.json = true;
            break;
        case 'h':
            (void)fputs(usage, stdout);
            return PK_EXIT_FINE;
        default:
            return wrong();
        }
    }
    verb = optind < argc ? argv[optind] : "";
    if (strcmp(verb, "list") == 0 && optind + 1 == argc) {
        return list(&wishes);
    }
    if (strcmp(verb, "show") == 0 && optind + 2 == argc && wishes.attack == NULL &&
            wishes.family == NULL) {
        return show(&wishes, argv[optind + 1]);
    }
    return wrong();
}
