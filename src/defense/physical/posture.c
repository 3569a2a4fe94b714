/* The state of the device itself. Unknown is not bad: only a plain "no" is a finding. */
#include "defense/defense.h"

struct row {
    const char *threat;
    const char *rule;
    const char *seen;
    enum pk_tri bad;
    double confidence;
};

static int judge(const struct pk_observation *o, const struct row *row, enum pk_tri value,
        struct pk_arena *arena, struct pk_findings *out)
{
    if (value == PK_TRI_UNKNOWN) {
        return PK_OK;
    }
    if (value != row->bad) {
        return pk_findings_clear(out, row->threat, PK_SUBJECT_DEVICE, o->at_ms);
    }
    return pk_findings_add(out, arena, row->threat, PK_SUBJECT_DEVICE, row->confidence, row->rule,
            json_pack("{s:s, s:s*, s:s*}", "seen", row->seen, "os", o->posture->os_name, "version",
                    o->posture->os_version),
            o->at_ms);
}

int pk_judge_posture(
        const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out)
{
    static const struct row encryption = { "physical.no_encryption",
        "physical.no_encryption/root-device", "The storage that holds the system is not encrypted",
        PK_TRI_NO, 0.95 };
    static const struct row lock = { "physical.no_passcode", "physical.no_passcode/setting",
        "The screen opens without a secret", PK_TRI_NO, 0.95 };
    static const struct row developer = { "physical.developer_mode",
        "physical.developer_mode/setting", "Debugging is switched on", PK_TRI_YES, 0.9 };
    const struct pk_obs_posture *p = o->posture;
    int rc = judge(o, &encryption, p->disk_encrypted, arena, out);

    if (rc == PK_OK) {
        rc = judge(o, &lock, p->screen_lock, arena, out);
    }
    return rc < 0 ? rc : judge(o, &developer, p->developer_mode, arena, out);
}
