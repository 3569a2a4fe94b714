#include "fleet/phone.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

struct model {
    int platform; /* enum pk_platform */
    int weight;
    const char *model;
    const char *short_name; /* as people call it */
    const char *os_name;
    const char *os_version;
    const char *kernel;
    int64_t oldest_days; /* patch age of a neglected one */
};

static const struct model models[] = {
    { PK_PLATFORM_ANDROID, 7, "Google Pixel 9 Pro", "Pixel 9 Pro", "Android", "16", "6.1.134", 40 },
    { PK_PLATFORM_ANDROID, 9, "Google Pixel 8", "Pixel 8", "Android", "16", "5.15.178", 70 },
    { PK_PLATFORM_ANDROID, 6, "Google Pixel 6a", "Pixel 6a", "Android", "15", "5.10.226", 150 },
    { PK_PLATFORM_ANDROID, 9, "Samsung Galaxy S24", "Galaxy S24", "Android", "16", "6.1.99", 80 },
    { PK_PLATFORM_ANDROID, 8, "Samsung Galaxy S23", "Galaxy S23", "Android", "15", "5.15.153",
            120 },
    { PK_PLATFORM_ANDROID, 9, "Samsung Galaxy A54", "Galaxy A54", "Android", "15", "5.15.148",
            170 },
    { PK_PLATFORM_ANDROID, 6, "Samsung Galaxy A34", "Galaxy A34", "Android", "14", "5.10.198",
            260 },
    { PK_PLATFORM_ANDROID, 3, "Fairphone 5", "Fairphone", "Android", "15", "5.4.274", 110 },
    { PK_PLATFORM_ANDROID, 4, "Xiaomi 13T", "Xiaomi 13T", "Android", "14", "5.10.209", 240 },
    { PK_PLATFORM_ANDROID, 3, "Motorola edge 40", "edge 40", "Android", "14", "5.10.205", 300 },
    { PK_PLATFORM_IOS, 9, "Apple iPhone 16 Pro", "iPhone 16 Pro", "iOS", "26.1", "", 30 },
    { PK_PLATFORM_IOS, 9, "Apple iPhone 15", "iPhone 15", "iOS", "26.1", "", 60 },
    { PK_PLATFORM_IOS, 6, "Apple iPhone 14", "iPhone 14", "iOS", "18.7.1", "", 100 },
    { PK_PLATFORM_IOS, 4, "Apple iPhone SE (3rd generation)", "iPhone SE", "iOS", "18.6", "", 160 },
    { PK_PLATFORM_IOS, 4, "Apple iPad Air (M2)", "iPad", "iPadOS", "26.0.1", "", 70 },
    { PK_PLATFORM_LINUX, 3, "Lenovo ThinkPad X1 Carbon Gen 11", "ThinkPad", "Debian GNU/Linux",
            "12 (bookworm)", "6.1.0-41-amd64", 120 },
    { PK_PLATFORM_LINUX, 1, "Framework Laptop 13", "Framework", "Ubuntu", "24.04.3 LTS",
            "6.8.0-87-generic", 60 },
};

static const char *const people[] = { "Aisha", "Alejandro", "Amélie", "Anna", "Antonín", "Beatriz",
    "Ben", "Björn", "Carla", "Chiara", "Chloé", "Daniel", "Dilek", "Elif", "Emil", "Emma", "Ewa",
    "Fatima", "Felix", "Finn", "Francesca", "Georg", "Giulia", "Hana", "Hannah", "Hugo", "Ida",
    "Ines", "Ivan", "Jakub", "Jana", "João", "Jonas", "Julia", "Kaito", "Karim", "Katarzyna",
    "Lars", "Laura", "Lea", "Leon", "Lena", "Luca", "Lucía", "Magnus", "Maja", "Marco", "Marie",
    "Mateo", "Mia", "Mira", "Nadia", "Nils", "Noah", "Nora", "Oskar", "Paul", "Petra", "Priya",
    "Rafael", "Rosa", "Sanna", "Sara", "Simon", "Sofia", "Søren", "Tariq", "Theo", "Tomás", "Vera",
    "Wei", "Yara", "Yuki", "Zoë" };

static const struct model *pick_model(struct pk_random *r)
{
    int64_t sum = 0;
    int64_t left;

    for (size_t i = 0; i < PK_COUNT(models); i++) {
        sum += models[i].weight;
    }
    left = pk_random_below(r, sum);
    for (size_t i = 0; i < PK_COUNT(models); i++) {
        left -= models[i].weight;
        if (left < 0) {
            return &models[i];
        }
    }
    return &models[0];
}

static void set_patch(struct pk_phone *phone, int64_t patch_ms)
{
    char text[PK_TIME_TEXT];

    phone->patch_ms = patch_ms;
    (void)snprintf(phone->patch, sizeof(phone->patch), "%.10s", pk_time_format(patch_ms, text));
    phone->posture.patch = phone->patch;
}

void pk_phone_make(uint64_t seed, size_t index, int64_t at_ms, struct pk_phone *out)
{
    struct pk_random r = pk_random_of(seed, index + 1);
    const struct model *m = pick_model(&r);
    bool neglected = pk_random_percent(&r, 16);
    int64_t days = neglected ? pk_random_between(&r, m->oldest_days / 2, m->oldest_days)
                             : pk_random_between(&r, 4, 38);

    *out = (struct pk_phone){ .posture = {
                                      .platform = m->platform,
                                      .model = m->model,
                                      .os_name = m->os_name,
                                      .os_version = m->os_version,
                                      .kernel = m->kernel,
                                      .updates_waiting = neglected ? pk_random_between(&r, 1, 3)
                                                                   : 0,
                                      .disk_encrypted = PK_TRI_YES,
                                      .screen_lock = PK_TRI_YES,
                                      .developer_mode = PK_TRI_NO,
                              } };
    /* The first round through the names has no number, the next ones do: "Anna's Pixel 8 2". */
    (void)snprintf(out->name, sizeof(out->name), "%s's %s", people[index * 31 % PK_COUNT(people)],
            m->short_name);
    if (index >= PK_COUNT(people)) {
        size_t used = strlen(out->name);

        (void)snprintf(
                out->name + used, sizeof(out->name) - used, " %zu", index / PK_COUNT(people) + 1);
    }
    set_patch(out, at_ms - days * PK_DAY_MS);
    out->updates_midweek = neglected && pk_random_percent(&r, 40);
    if (m->platform != PK_PLATFORM_IOS && pk_random_percent(&r, 6)) {
        out->posture.disk_encrypted = PK_TRI_NO;
        out->encrypts_midweek = pk_random_percent(&r, 50);
    }
    if (pk_random_percent(&r, 3)) {
        out->posture.screen_lock = PK_TRI_NO;
    }
    if (m->platform == PK_PLATFORM_ANDROID && pk_random_percent(&r, 4)) {
        out->posture.developer_mode = PK_TRI_YES;
    }
}

void pk_phone_update(struct pk_phone *phone, int64_t at_ms)
{
    set_patch(phone, at_ms - 6 * PK_DAY_MS);
    phone->posture.updates_waiting = 0;
}
