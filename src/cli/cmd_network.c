/* picket network - networks that devices met, and what the policy trusts. */
#include <stdio.h>

#include "cli/group.h"

static int list(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "ID", "id" },
        { "NAME", "name" },
        { "LINK", "link" },
        { "SECURITY", "security" },
        { "VERDICT", "verdict" },
        { "SEVERITY", "severity" },
        { "THREAT", "threat" },
        { "DEVICES", "devices" },
        { "PLACE", "place" },
        { "LAST SEEN", "last_seen_at" },
        { NULL, NULL },
    };

    return pk_cli_list(cli, "/networks", columns, err);
}

static int show(struct pk_cli *cli, struct pk_error *err)
{
    return pk_cli_show(cli, "/networks", err);
}

static int devices(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "DEVICE", "device.name" },
        { "VISITS", "visits" },
        { "FIRST SEEN", "first_seen_at" },
        { "LAST SEEN", "last_seen_at" },
        { "OPEN", "open_incidents" },
        { NULL, NULL },
    };
    char path[160];

    (void)snprintf(path, sizeof(path), "/networks/%.64s/devices", cli->args[0]);
    return pk_cli_list(cli, path, columns, err);
}

static int map(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "PLACE", "place" },
        { "SOUTH", "south" },
        { "WEST", "west" },
        { "NETWORKS", "networks" },
        { "BAD", "bad" },
        { "SEVERITY", "severity" },
        { NULL, NULL },
    };
    json_t *in = NULL;
    int rc = pk_rest_call(cli->rest, "GET", "/networks/map", NULL, NULL, 0, &in, err);

    if (rc == PK_OK && cli->json) {
        pk_print_json(stdout, in);
    } else if (rc == PK_OK) {
        pk_print_table(stdout, columns, json_object_get(in, "cells"));
        (void)printf("%lld networks, of which %lld have a place; %lld that fewer than %lld devices"
                     " met are only counted\n",
                (long long)json_integer_value(json_object_get(in, "networks")),
                (long long)json_integer_value(json_object_get(in, "placed")),
                (long long)json_integer_value(json_object_get(in, "homes")),
                (long long)json_integer_value(json_object_get(in, "min_devices")));
    }
    json_decref(in);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

static int trust(struct pk_cli *cli, struct pk_error *err)
{
    json_t *in = NULL;
    int rc = pk_rest_call(cli->rest, "GET", "/trust", NULL, NULL, 0, &in, err);

    if (rc == PK_OK) {
        (cli->json ? pk_print_json : pk_print_tree)(stdout, in);
    }
    json_decref(in);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

int pk_cmd_network(int argc, char **argv)
{
    static const struct pk_verb verbs[] = {
        { "list", NULL, PK_OPT_LIST, 0, list,
                "filters: verdict severity listed attacked link security place device q" },
        { "show", "ID", 0, 0, show, "what was seen of it, evidence, incidents" },
        { "devices", "ID", PK_OPT_LIST, 0, devices, "who met it" },
        { "map", NULL, 0, 0, map, "how many are where, by coarse cells" },
        { "trust", NULL, 0, 0, trust, "what the policy trusts, with the networks' ids" },
        { NULL },
    };
    static const struct pk_group group = { "network", verbs };

    return pk_group_run(&group, argc, argv);
}
