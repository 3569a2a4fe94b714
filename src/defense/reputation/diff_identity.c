/* Maker, version and standards of building: what holds for the whole app. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "defense/reputation/diff_internal.h"
#include "defense/reputation/signers.h"

#define SIZE_LEAST 1048576 /* bytes of growth that are worth a word */

static bool same_text(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static const char *first_signer(const struct pk_app_report *report)
{
    const struct pk_app_signer *signers = report->signature != NULL
            ? report->signature->signers.items
            : NULL;

    return signers != NULL && report->signature->signers.count > 0 ? signers[0].sha256 : NULL;
}

/* Is one of the signers that the earlier version has among the later one's, now or before a rotation? */
static enum pk_signer_place place_of_former(const struct pk_diff *d)
{
    const struct pk_app_signature *old = d->before->signature;
    const struct pk_app_signer *signers = old != NULL ? old->signers.items : NULL;
    enum pk_signer_place best = PK_SIGNER_NONE;

    for (size_t i = 0; old != NULL && i < old->signers.count; i++) {
        enum pk_signer_place place = pk_signers_find(d->after, signers[i].sha256);

        best = place > best ? place : best;
    }
    return best;
}

static void compare_signers(struct pk_diff *d)
{
    const char *old = first_signer(d->before);
    const char *new = first_signer(d->after);

    if (old == NULL || new == NULL) {
        return; /* compare_holds() tells */
    }
    switch (place_of_former(d)) {
    case PK_SIGNER_NOW:
    case PK_SIGNER_CLAIMED:
        return;
    case PK_SIGNER_BEFORE:
        pk_diff_state(d, "signer",
                "Its maker has changed the signing key, and the former key agrees", old, new,
                false);
        return;
    case PK_SIGNER_NONE:
        /* A phone would refuse it as an update. */
        pk_diff_state(d, "signer", "Somebody else signed it", old, new, true);
        return;
    }
}

static void compare_holds(struct pk_diff *d)
{
    bool old = d->before->signature != NULL && d->before->signature->verified;
    bool new = d->after->signature != NULL && d->after->signature->verified;
    const char *old_key = pk_signers_public_key(d->before);
    const char *new_key = pk_signers_public_key(d->after);

    if (old != new && (d->before->signature != NULL || d->after->signature != NULL)) {
        pk_diff_state(d, "signature",
                new ? "Its signature holds now" : "Its signature does not hold",
                old ? "holds" : "does not hold", new ? "holds" : "does not hold", old);
    }
    if ((old_key == NULL) != (new_key == NULL)) {
        pk_diff_state(d, "debug_signed",
                new_key != NULL ? "Signed with a key that everybody has"
                                : "No longer signed with a key that everybody has",
                old_key, new_key, new_key != NULL);
    }
}

static const char *number(struct pk_diff *d, int64_t value)
{
    return pk_diff_print(d, "%" PRId64, value);
}

/* The whole version, as Android compares it. */
static bool is_earlier(const struct pk_app_report *a, const struct pk_app_report *b)
{
    return a->version_code_major != b->version_code_major
            ? a->version_code_major < b->version_code_major
            : a->version_code < b->version_code;
}

static void compare_version(struct pk_diff *d)
{
    bool back = is_earlier(d->after, d->before);

    if (back || is_earlier(d->before, d->after)) {
        pk_diff_state(d, "version_code",
                back ? "An earlier version: a step back brings closed holes along"
                     : "A later version",
                number(d, d->before->version_code), number(d, d->after->version_code), back);
    }
    if (!same_text(d->before->version_name, d->after->version_name)) {
        pk_diff_state(d, "version", "Another version name", d->before->version_name,
                d->after->version_name, false);
    }
    if (!same_text(d->before->package, d->after->package)) {
        pk_diff_state(d, "package", "Another package: not a version of the same app",
                d->before->package, d->after->package, true);
    }
    if (!same_text(d->before->label, d->after->label)) {
        pk_diff_state(d, "label", "Another name on the home screen", d->before->label,
                d->after->label, false);
    }
}

static void compare_levels(struct pk_diff *d)
{
    const struct pk_app_report *old = d->before;
    const struct pk_app_report *new = d->after;

    if (old->components == NULL || new->components == NULL) {
        return; /* not Android */
    }
    if (old->target_sdk != new->target_sdk) {
        bool worse = new->target_sdk < old->target_sdk &&new->target_sdk_codename == NULL;

        pk_diff_state(d, "target_sdk",
                worse ? "Made for an older Android, with its weaker rules"
                      : "Made for a newer Android",
                number(d, old->target_sdk), number(d, new->target_sdk), worse);
    }
    if (old->min_sdk != new->min_sdk) {
        pk_diff_state(d, "min_sdk",
                new->min_sdk < old->min_sdk ? "Runs on older Androids, too"
                                            : "No longer runs on older Androids",
                number(d, old->min_sdk), number(d, new->min_sdk), false);
    }
}

static const char *tri_text(enum pk_tri value)
{
    return value == PK_TRI_YES ? "yes" : value == PK_TRI_NO ? "no" : NULL;
}

static void compare_tri(struct pk_diff *d, const char *what, const char *now, const char *no_more,
        enum pk_tri old, enum pk_tri new)
{
    if (old != new &&new != PK_TRI_UNKNOWN && (old != PK_TRI_UNKNOWN || new == PK_TRI_YES)) {
        pk_diff_state(d, what, new == PK_TRI_YES ? now : no_more, tri_text(old), tri_text(new),
                new == PK_TRI_YES &&old == PK_TRI_NO);
    }
}

static enum pk_tri tri_of(bool value)
{
    return value ? PK_TRI_YES : PK_TRI_NO;
}

static void compare_building(struct pk_diff *d)
{
    const struct pk_app_report *old = d->before;
    const struct pk_app_report *new = d->after;

    compare_tri(d, "debuggable", "Others may look into it while it runs", "No longer debuggable",
            tri_of(old->debuggable), tri_of(new->debuggable));
    compare_tri(d, "test_only", "Marked as made for tests only", "No longer marked as a test",
            tri_of(old->test_only), tri_of(new->test_only));
    compare_tri(d, "cleartext", "May speak plain HTTP", "No longer speaks plain HTTP",
            old->cleartext, new->cleartext);
    compare_tri(d, "backup", "Its data may be copied off the device",
            "Its data is no longer copied off the device", old->backup, new->backup);
}

static void compare_size(struct pk_diff *d)
{
    int64_t old = d->before->size;
    int64_t new = d->after->size;
    int64_t step = new > old ? new - old : old - new;

    if (step >= SIZE_LEAST && step > old / 10) {
        pk_diff_state(
                d, "size", new > old ? "Larger" : "Smaller", number(d, old), number(d, new), false);
    }
}

static void compare_icon(struct pk_diff *d)
{
    const struct pk_app_icon *old = d->before->icon;
    const struct pk_app_icon *new = d->after->icon;

    if (old != NULL && new != NULL && !same_text(old->sha256, new->sha256)) {
        pk_diff_state(d, "icon",
                old->phash != NULL && same_text(old->phash, new->phash)
                        ? "The same picture in another file"
                        : "Another icon",
                old->file, new->file, false);
    }
}

static void compare_apple(struct pk_diff *d)
{
    const struct pk_app_apple *old = d->before->apple;
    const struct pk_app_apple *new = d->after->apple;

    if (old != NULL && new != NULL && !same_text(old->team_id, new->team_id)) {
        pk_diff_state(d, "team", "Another maker", old->team_id, new->team_id, true);
    }
}

void pk_diff_identity(struct pk_diff *d)
{
    compare_version(d);
    if (d->after->apple == NULL) {
        compare_signers(d); /* Apple's certificates change every year; the team stays */
    }
    compare_holds(d);
    compare_apple(d);
    compare_levels(d);
    compare_building(d);
    compare_size(d);
    compare_icon(d);
}
