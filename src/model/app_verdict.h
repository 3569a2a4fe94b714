/* app_verdict.h - from a report's findings to its verdict, score and reasons. A pure function of the
 * report, so that whoever adds knowledge (indicators, known signers, the organisation's own rules and
 * exceptions) draws the same conclusion again over what the reader found. */
#pragma once

#include "base/error.h"
#include "model/app_report.h"

/* The last reason of every report: how far the judgement goes. */
#define PK_APP_SCOPE "Judged by reading it: nothing of it was run"

/* Adds a finding (copied; its texts must live as long as the report), which keeps the order worst
 * first. PK_ENOMEM. */
PK_MUST_USE int pk_app_report_add(
        struct pk_app_report *report, struct pk_arena *arena, const struct pk_app_finding *finding);

/* Verdict: the highest weight among findings that no exception holds back; malformed when `problem` is
 * set, unless something says malicious. Score: the classifier's probability, where its opinion counts, and the
 * findings' confidences as independent evidence, within the verdict's band (clean < 0.4, unwanted and
 * suspicious 0.4 to 0.8, malicious above). Reasons: at most PK_APP_REASONS_MAX sentences, what decided first.
 * Sorts findings and fills techniques, too. PK_ENOMEM. */
#define PK_APP_REASONS_MAX 12UL
PK_MUST_USE int pk_app_verdict_draw(struct pk_app_report *report, struct pk_arena *arena);
