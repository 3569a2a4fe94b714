/* judge.h - the agent's own judgement: what defense/ says of each observation, kept as a small table
 * of open findings (threat and subject), so that a finding is told once when it begins and once
 * when it ends. No I/O; loop thread. */
#pragma once

#include "defense/defense.h"

struct pk_agent_judge;

#define PK_OPEN_MAX     32
#define PK_OPEN_PARTS   8
#define PK_OPEN_SUBJECT 104 /* bytes; an app's label has up to 100 */

/* An open finding, or one that was only told (by the server) and is not open here. */
struct pk_open {
    const struct pk_threat *threat;
    char subject[PK_OPEN_SUBJECT]; /* network id, "device", an app's name ... */
    char name[128];                /* what people call it */
    bool open;
    bool told;      /* the person knows */
    bool simulated; /* a drill */
    double confidence;
    int64_t since_ms;
    char seen[160]; /* the evidence in one sentence */
    char parts[PK_OPEN_PARTS][96];
    size_t part_count;
};

struct pk_judge_hooks {
    /* Began, grew surer, or has a further part. */
    void (*finding)(void *ctx, const struct pk_finding *finding, const struct pk_open *open);
    void (*cleared)(void *ctx, const struct pk_open *was, int64_t at_ms);
    /* Tell the person; open->told is set afterwards. */
    void (*alert)(void *ctx, const struct pk_open *open, int64_t at_ms);
    void *ctx;
};

/* NULL when memory is short. hooks are copied. */
struct pk_agent_judge *pk_agent_judge_create(const struct pk_judge_hooks *hooks);
void pk_agent_judge_destroy(struct pk_agent_judge *judge); /* NULL is fine */

/* Judges. *news: something began, ended or grew, so the observation is essential. */
PK_MUST_USE int pk_agent_judge_take(struct pk_agent_judge *judge,
        const struct pk_observation *observation, bool *news, struct pk_error *err);

/* The same for findings that were made elsewhere (apps). */
void pk_agent_judge_findings(
        struct pk_agent_judge *judge, const struct pk_findings *findings, bool *news);

/* The name people know for a subject; the subject itself when there is none. Borrowed until the
 * next take. */
const char *pk_agent_judge_name(const struct pk_agent_judge *judge, const char *subject);

/* Whether the person was told of it already; marks it as told. For the server's alerts. */
bool pk_agent_judge_tell(struct pk_agent_judge *judge, const struct pk_threat *threat,
        const char *subject, int64_t at_ms);

/* The server took its alert back: what is not open here is forgotten, what is was told by this device. */
void pk_agent_judge_untell(
        struct pk_agent_judge *judge, const struct pk_threat *threat, const char *subject);

/* Rows of the table; those with open false are not findings. Borrowed. */
size_t pk_agent_judge_count(const struct pk_agent_judge *judge);
const struct pk_open *pk_agent_judge_at(const struct pk_agent_judge *judge, size_t index);

/* An attack on the network that the device is on is open. */
bool pk_agent_judge_attacked(const struct pk_agent_judge *judge);

/* The probes (enum pk_probe in sense.h) that would notice the end of what is open. */
unsigned pk_agent_judge_probes(const struct pk_agent_judge *judge);

/* Whether findings of this threat outlive the agent. */
bool pk_agent_judge_keeps(const struct pk_threat *threat);

/* Findings about the device itself, and of the names that it asked for, outlive the agent: as JSON for the state folder, and back.
 * Networks' findings do not: after a restart the network is looked at anew. */
json_t *pk_agent_judge_save(const struct pk_agent_judge *judge);
void pk_agent_judge_load(struct pk_agent_judge *judge, const json_t *saved);
