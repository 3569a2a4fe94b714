/* picket communication - which administrators hear of what. */
#include "base/file.h"
#include "base/yaml.h"
#include "cli/group.h"

static int show(struct pk_cli *cli, struct pk_error *err)
{
    json_t *answer = NULL;
    int rc = pk_rest_call(cli->rest, "GET", "/communication", NULL, NULL, 0, &answer, err);

    if (rc < 0) {
        return rc;
    }
    (cli->json ? pk_print_json : pk_print_tree)(stdout, answer);
    json_decref(answer);
    return PK_EXIT_FINE;
}

/* The document as YAML or JSON, which is YAML, too. */
static int set(struct pk_cli *cli, struct pk_error *err)
{
    struct pk_buffer text = pk_buffer_of(PK_YAML_FILE_MAX);
    struct pk_yaml *yaml = NULL;
    int rc = pk_file_read(cli->args[0], &text, err);

    if (rc == PK_OK) {
        rc = pk_yaml_parse(text.ptr != NULL ? text.ptr : "", text.len, &yaml, err);
    }
    if (rc == PK_OK) {
        rc = pk_cli_put_version(cli, "/communication", pk_yaml_root(yaml), err);
    }
    pk_yaml_destroy(yaml);
    pk_buffer_finish(&text);
    return rc;
}

int pk_cmd_communication(int argc, char **argv)
{
    static const struct pk_verb verbs[] = {
        { "show", NULL, 0, 0, show, "the alert rules in force" },
        { "set", "FILE", 0, 0, set, "replace them (YAML, docs/channels.md)" },
        { NULL },
    };
    static const struct pk_group group = { "communication", verbs };

    return pk_group_run(&group, argc, argv);
}
