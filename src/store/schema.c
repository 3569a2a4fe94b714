#include "store/schema.h"

#include "base/error.h"

/* A step that was released is never changed: the next change is a new step at the end. Sort keys of
 * lists have an index together with the id, which makes them unique. */
static const char step_1[] =
        /* devices: small rows that every report touches; what is bulky stands in device_state */
        "CREATE TABLE devices ("
        " id {text} PRIMARY KEY, name {text} NOT NULL, grp {text} NOT NULL,"
        " platform BIGINT NOT NULL, model {text} NOT NULL, os_name {text} NOT NULL,"
        " os_version {text} NOT NULL, kernel {text} NOT NULL, patch {text}, agent {text} NOT NULL,"
        " enrolled_ms BIGINT NOT NULL, seen_ms BIGINT NOT NULL, acked_seq BIGINT NOT NULL,"
        " risk_score BIGINT NOT NULL, risk_level BIGINT NOT NULL,"
        " cert_serial {text} NOT NULL, cert_serial_old {text}, cert_not_after_ms BIGINT NOT NULL,"
        " cert_overlap_ms BIGINT NOT NULL,"
        " revoked_ms BIGINT NOT NULL, revoked_by {text}, revoked_why {text});"
        "CREATE INDEX devices_name ON devices (lower(name), id);"
        "CREATE INDEX devices_seen ON devices (seen_ms, id);"
        "CREATE INDEX devices_risk ON devices (risk_score, id);"
        "CREATE INDEX devices_enrolled ON devices (enrolled_ms, id);"
        "CREATE TABLE device_state ("
        " device {text} PRIMARY KEY REFERENCES devices (id) DEFERRABLE INITIALLY DEFERRED,"
        " risk {text}, posture {text}, network {text});"

        "CREATE TABLE incidents ("
        " id {text} PRIMARY KEY,"
        " device {text} NOT NULL REFERENCES devices (id) DEFERRABLE INITIALLY DEFERRED,"
        " threat {text} NOT NULL, vector BIGINT NOT NULL, subject {text} NOT NULL,"
        " state BIGINT NOT NULL, severity BIGINT NOT NULL, confidence {real} NOT NULL,"
        " hits BIGINT NOT NULL, opened_ms BIGINT NOT NULL, updated_ms BIGINT NOT NULL,"
        " ended_ms BIGINT NOT NULL, rule {text} NOT NULL, evidence {text}, reason {text});"
        "CREATE INDEX incidents_of ON incidents (device, threat, subject, opened_ms);"
        "CREATE INDEX incidents_live ON incidents (device, state) WHERE state < 2;"
        "CREATE INDEX incidents_threat ON incidents (threat, updated_ms);"
        "CREATE INDEX incidents_subject ON incidents (subject, updated_ms);"
        "CREATE INDEX incidents_updated ON incidents (updated_ms, id);"
        "CREATE INDEX incidents_opened ON incidents (opened_ms, id);"
        "CREATE INDEX incidents_ended ON incidents (ended_ms);"
        "CREATE INDEX incidents_severity ON incidents"
        " ((severity * 100000000000000 + updated_ms), id);"

        "CREATE TABLE timeline ("
        " id {serial},"
        " incident {text} NOT NULL REFERENCES incidents (id) DEFERRABLE INITIALLY DEFERRED,"
        " at_ms BIGINT NOT NULL, what {text} NOT NULL, who {text} NOT NULL, detail {text});"
        "CREATE INDEX timeline_incident ON timeline (incident, at_ms, id);"

        "CREATE TABLE actions ("
        " id {serial}, kind BIGINT NOT NULL, target {text} NOT NULL, device {text},"
        " incident {text}, state BIGINT NOT NULL, created_ms BIGINT NOT NULL,"
        " done_ms BIGINT NOT NULL, attempts BIGINT NOT NULL, last_error {text}, payload {text});"
        "CREATE INDEX actions_pending ON actions (kind, target, id) WHERE state = 0;"
        "CREATE INDEX actions_created ON actions (kind, target, created_ms);"
        "CREATE INDEX actions_device ON actions (device, kind, id);"
        "CREATE TABLE targets ("
        " kind BIGINT NOT NULL, target {text} NOT NULL, ok_ms BIGINT NOT NULL, error {text},"
        " PRIMARY KEY (kind, target));"

        "CREATE TABLE events ("
        " id {serial}, at_ms BIGINT NOT NULL, type {text} NOT NULL, device {text},"
        " incident {text}, detail {text});"
        "CREATE TABLE audit ("
        " id {serial}, at_ms BIGINT NOT NULL, actor {text} NOT NULL, act {text} NOT NULL,"
        " target {text} NOT NULL, detail {text});"

        "CREATE TABLE enrollments ("
        " id {text} PRIMARY KEY, secret {text} NOT NULL UNIQUE, label {text} NOT NULL,"
        " grp {text} NOT NULL, uses BIGINT NOT NULL, uses_left BIGINT NOT NULL,"
        " created_ms BIGINT NOT NULL, expires_ms BIGINT NOT NULL, created_by {text} NOT NULL);"
        "CREATE TABLE tokens ("
        " id {text} PRIMARY KEY, kind BIGINT NOT NULL, secret {text} NOT NULL,"
        " name {text} NOT NULL, role BIGINT NOT NULL, created_ms BIGINT NOT NULL,"
        " expires_ms BIGINT NOT NULL, used_ms BIGINT NOT NULL, UNIQUE (kind, secret));"
        "CREATE TABLE progress (part BIGINT PRIMARY KEY, done BIGINT NOT NULL);";

/* A device's ledger shows who looked at it. */
static const char step_2[] = "CREATE INDEX audit_target ON audit (target, id);";

/* What a device has sent, counted by kind: one row that every report adds to. */
static const char step_3[] =
        "CREATE TABLE ledger ("
        " device {text} PRIMARY KEY, reports BIGINT NOT NULL, agent BIGINT NOT NULL,"
        " posture BIGINT NOT NULL, network BIGINT NOT NULL, gateway BIGINT NOT NULL,"
        " dns BIGINT NOT NULL, tls BIGINT NOT NULL, portal BIGINT NOT NULL,"
        " choice BIGINT NOT NULL);";

/* Apps: one row a package and signer, one a file, one a device that has it. What lists sort by stands in
 * the row and is kept up by those who write, since an app can be on every device. */
static const char step_4[] =
        "ALTER TABLE ledger ADD COLUMN apps BIGINT NOT NULL DEFAULT 0;"
        "CREATE TABLE apps ("
        " id {text} PRIMARY KEY, package {text} NOT NULL, signer {text} NOT NULL,"
        " label {text} NOT NULL, version {text} NOT NULL, version_code BIGINT NOT NULL,"
        " standing BIGINT NOT NULL, score {real} NOT NULL, threat {text},"
        " devices BIGINT NOT NULL, versions BIGINT NOT NULL,"
        " first_ms BIGINT NOT NULL, last_ms BIGINT NOT NULL);"
        "CREATE INDEX apps_package ON apps (package, id);"
        "CREATE INDEX apps_name ON apps"
        " (lower(CASE WHEN label = '' THEN package ELSE label END), id);"
        "CREATE INDEX apps_standing ON apps ((standing * 100000000000000 + last_ms), id);"
        "CREATE INDEX apps_devices ON apps (devices, id);"
        "CREATE INDEX apps_first ON apps (first_ms, id);"
        "CREATE INDEX apps_last ON apps (last_ms, id);"

        "CREATE TABLE app_files ("
        " sha256 {text} PRIMARY KEY, app {text} NOT NULL, package {text} NOT NULL,"
        " label {text} NOT NULL, version {text} NOT NULL, version_code BIGINT NOT NULL,"
        " signer {text} NOT NULL, size BIGINT NOT NULL, state BIGINT NOT NULL, error {text},"
        " standing BIGINT NOT NULL, score {real} NOT NULL, threat {text}, reasons {text},"
        " devices BIGINT NOT NULL, first_ms BIGINT NOT NULL, last_ms BIGINT NOT NULL,"
        " judged_ms BIGINT NOT NULL, knowledge BIGINT NOT NULL, judgement BIGINT NOT NULL,"
        " push BIGINT NOT NULL, asked_ms BIGINT NOT NULL, asked_device {text},"
        " asks BIGINT NOT NULL, uploaded_by {text});"
        "CREATE INDEX app_files_app ON app_files (app, version_code);"
        "CREATE INDEX app_files_state ON app_files (state, asked_ms);"
        "CREATE INDEX app_files_first ON app_files (first_ms, sha256);"
        "CREATE INDEX app_files_last ON app_files (last_ms, sha256);"
        "CREATE INDEX app_files_judged ON app_files (judged_ms, sha256);"
        "CREATE INDEX app_files_standing ON app_files"
        " ((standing * 100000000000000 + last_ms), sha256);"
        "CREATE INDEX app_files_push ON app_files (sha256) WHERE push > 0;"
        "CREATE INDEX app_files_knowledge ON app_files (knowledge, sha256);"
        /* what the reader found, packed: the judgement is drawn from it again and again */
        "CREATE TABLE app_reports (sha256 {text} PRIMARY KEY, report {blob} NOT NULL);"
        "CREATE TABLE app_asks ("
        " sha256 {text} NOT NULL, device {text} NOT NULL, action BIGINT NOT NULL,"
        " at_ms BIGINT NOT NULL, done_ms BIGINT NOT NULL, PRIMARY KEY (sha256, device));"
        "CREATE INDEX app_asks_device ON app_asks (device) WHERE done_ms = 0;"

        "CREATE TABLE device_apps ("
        " device {text} NOT NULL REFERENCES devices (id) DEFERRABLE INITIALLY DEFERRED,"
        " package {text} NOT NULL, sha256 {text} NOT NULL, app {text} NOT NULL,"
        " signer {text} NOT NULL, label {text} NOT NULL, version {text} NOT NULL,"
        " version_code BIGINT NOT NULL, installer {text}, system BIGINT NOT NULL,"
        " profile BIGINT NOT NULL, since_ms BIGINT NOT NULL, version_ms BIGINT NOT NULL,"
        " gone_ms BIGINT NOT NULL, standing BIGINT NOT NULL, threat {text}, subject {text},"
        " excepted {text}, judgement BIGINT NOT NULL,"
        " PRIMARY KEY (device, package, sha256));"
        "CREATE INDEX device_apps_file ON device_apps (sha256, device) WHERE gone_ms = 0;"
        "CREATE INDEX device_apps_app ON device_apps (app, gone_ms, device);"
        "CREATE INDEX device_apps_since ON device_apps (since_ms, device);"
        "CREATE INDEX device_apps_bad ON device_apps (app, standing)"
        " WHERE gone_ms = 0 AND standing > 1;"
        "CREATE TABLE device_inventory ("
        " device {text} PRIMARY KEY REFERENCES devices (id) DEFERRABLE INITIALLY DEFERRED,"
        " at_ms BIGINT NOT NULL);"

        "CREATE TABLE app_exceptions ("
        " id {text} PRIMARY KEY, reason {text} NOT NULL, scope BIGINT NOT NULL,"
        " target {text} NOT NULL, sha256 {text}, package {text}, signer {text}, team {text},"
        " threat {text}, rule {text}, created_ms BIGINT NOT NULL, created_by {text} NOT NULL,"
        " expires_ms BIGINT NOT NULL);"
        "CREATE INDEX app_exceptions_created ON app_exceptions (created_ms, id);"
        "CREATE INDEX app_exceptions_expires ON app_exceptions (expires_ms, id);"
        /* texts and bytes that people give the server, every version kept */
        "CREATE TABLE documents ("
        " name {text} NOT NULL, version BIGINT NOT NULL, at_ms BIGINT NOT NULL,"
        " who {text} NOT NULL, text {text} NOT NULL, PRIMARY KEY (name, version));"
        "CREATE TABLE blobs ("
        " name {text} NOT NULL, part BIGINT NOT NULL, bytes {blob} NOT NULL,"
        " PRIMARY KEY (name, part));";

/* Networks: one row each, one a device that met it, what was seen of it. Nothing here tells a name but
 * network_names, which the policy fills: the organisation's own. */
static const char step_5[] =
        "ALTER TABLE ledger ADD COLUMN lease BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE ledger ADD COLUMN routers BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE ledger ADD COLUMN redirect BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE ledger ADD COLUMN http BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE ledger ADD COLUMN proxy BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE ledger ADD COLUMN wifi BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE ledger ADD COLUMN cell BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE ledger ADD COLUMN name BIGINT NOT NULL DEFAULT 0;"
        "CREATE TABLE networks ("
        " id {text} PRIMARY KEY, link BIGINT NOT NULL, security BIGINT NOT NULL,"
        " standing BIGINT NOT NULL, threat {text}, first_ms BIGINT NOT NULL,"
        " last_ms BIGINT NOT NULL, checked_ms BIGINT NOT NULL, bad_ms BIGINT NOT NULL,"
        " bad_threat {text}, place {text}, devices BIGINT NOT NULL, points BIGINT NOT NULL,"
        " makers BIGINT NOT NULL, gateways BIGINT NOT NULL, resolvers BIGINT NOT NULL,"
        " places BIGINT NOT NULL);"
        "CREATE INDEX networks_standing ON networks ((standing * 100000000000000 + last_ms), id);"
        "CREATE INDEX networks_last ON networks (last_ms, id);"
        "CREATE INDEX networks_first ON networks (first_ms, id);"
        "CREATE INDEX networks_bad ON networks (bad_ms, id);"
        "CREATE INDEX networks_devices ON networks (devices, id);"
        "CREATE TABLE network_devices ("
        " network {text} NOT NULL, device {text} NOT NULL, first_ms BIGINT NOT NULL,"
        " last_ms BIGINT NOT NULL, visits BIGINT NOT NULL, PRIMARY KEY (network, device));"
        "CREATE INDEX network_devices_device ON network_devices (device);"
        "CREATE INDEX network_devices_last ON network_devices (network, last_ms, device);"
        "CREATE TABLE network_traits ("
        " network {text} NOT NULL, kind BIGINT NOT NULL, value {text} NOT NULL,"
        " first_ms BIGINT NOT NULL, last_ms BIGINT NOT NULL, PRIMARY KEY (network, kind, value));"
        "CREATE INDEX network_traits_value ON network_traits (kind, value);"
        "CREATE TABLE network_facts ("
        " network {text} NOT NULL, kind BIGINT NOT NULL, part {text} NOT NULL,"
        " at_ms BIGINT NOT NULL, body {text} NOT NULL, PRIMARY KEY (network, kind, part));"
        "CREATE TABLE network_names (id {text} PRIMARY KEY, name {text} NOT NULL);"
        "CREATE INDEX incidents_on ON incidents (subject, severity) WHERE state < 2;";

/* The crowd: in which order it took what it learnt from, since its checkpoint (crowd_base); what waits to be
 * told to it; what it concluded of a thing for which device; how its verdicts changed, and what is bad now.
 * The keys are hashes. A change that says what is bad now stays however old it is. */
static const char step_6[] =
        "CREATE TABLE crowd_log (seq {key}, text {text} NOT NULL);"
        "CREATE TABLE crowd_base (part BIGINT PRIMARY KEY, done BIGINT NOT NULL);"
        "CREATE TABLE crowd_words (id {serial}, text {text} NOT NULL);"
        "CREATE TABLE crowd_findings ("
        " kind BIGINT NOT NULL, a BIGINT NOT NULL, b BIGINT NOT NULL, device {text} NOT NULL,"
        " threat {text} NOT NULL, subject {text} NOT NULL, part {text} NOT NULL,"
        " at_ms BIGINT NOT NULL, PRIMARY KEY (kind, a, b, device, threat, subject));"
        "CREATE INDEX crowd_findings_device ON crowd_findings (device);"
        "CREATE TABLE crowd_changes ("
        " seq {serial}, kind BIGINT NOT NULL, a BIGINT NOT NULL, b BIGINT NOT NULL,"
        " bad BIGINT NOT NULL, log_odds {real} NOT NULL, at_ms BIGINT NOT NULL,"
        " devices BIGINT NOT NULL, grps BIGINT NOT NULL, cause BIGINT NOT NULL);"
        "CREATE INDEX crowd_changes_at ON crowd_changes (at_ms);"
        "CREATE TABLE crowd_bad ("
        " kind BIGINT NOT NULL, a BIGINT NOT NULL, b BIGINT NOT NULL, seq BIGINT NOT NULL,"
        " PRIMARY KEY (kind, a, b));"
        "CREATE INDEX crowd_bad_seq ON crowd_bad (seq);";

/* The exchange between organisations: what a hub knows of its members and what they say; what a member says
 * and heard. Ids of others' things are blinded; `exchange_said` alone has our own in clear. */
static const char step_7[] =
        "CREATE TABLE exchange_members ("
        " id {text} PRIMARY KEY, key {text} NOT NULL, name {text} NOT NULL,"
        " vouched BIGINT NOT NULL, a {real} NOT NULL, b {real} NOT NULL, seq BIGINT NOT NULL,"
        " joined_ms BIGINT NOT NULL, seen_ms BIGINT NOT NULL);"
        "CREATE TABLE exchange_invites ("
        " secret {text} PRIMARY KEY, name {text} NOT NULL, vouched BIGINT NOT NULL,"
        " created_ms BIGINT NOT NULL, expires_ms BIGINT NOT NULL, created_by {text} NOT NULL);"
        "CREATE TABLE exchange_statements ("
        " kind BIGINT NOT NULL, epoch BIGINT NOT NULL, id BIGINT NOT NULL, member {text} NOT NULL,"
        " at_ms BIGINT NOT NULL, ruling BIGINT NOT NULL, word {blob} NOT NULL,"
        " PRIMARY KEY (kind, epoch, id, member));"
        "CREATE INDEX exchange_statements_member ON exchange_statements (member);"
        "CREATE INDEX exchange_statements_at ON exchange_statements (at_ms);"
        "CREATE TABLE exchange_things ("
        " kind BIGINT NOT NULL, epoch BIGINT NOT NULL, id BIGINT NOT NULL,"
        " changed BIGINT NOT NULL, PRIMARY KEY (kind, epoch, id));"
        "CREATE INDEX exchange_things_changed ON exchange_things (changed);"
        "CREATE TABLE exchange_hubs ("
        " id {text} PRIMARY KEY, key {text} NOT NULL, name {text} NOT NULL, url {text} NOT NULL,"
        " ca {text} NOT NULL, keys {text} NOT NULL, epoch BIGINT NOT NULL,"
        " epoch_s BIGINT NOT NULL, cursor BIGINT NOT NULL, seq BIGINT NOT NULL,"
        " joined_ms BIGINT NOT NULL, ok_ms BIGINT NOT NULL, error {text});"
        "CREATE TABLE exchange_said ("
        " hub {text} NOT NULL, kind BIGINT NOT NULL, a BIGINT NOT NULL, b BIGINT NOT NULL,"
        " verdict BIGINT NOT NULL, told BIGINT NOT NULL, epoch BIGINT NOT NULL,"
        " changed_ms BIGINT NOT NULL, told_ms BIGINT NOT NULL, mark BIGINT NOT NULL,"
        " word {blob} NOT NULL, PRIMARY KEY (hub, kind, a, b));"
        "CREATE INDEX exchange_said_waiting ON exchange_said (hub, changed_ms) WHERE told = 0;"
        "CREATE INDEX exchange_said_verdict ON exchange_said (hub, verdict, changed_ms);"
        "CREATE TABLE exchange_heard ("
        " hub {text} NOT NULL, kind BIGINT NOT NULL, epoch BIGINT NOT NULL, id BIGINT NOT NULL,"
        " at_ms BIGINT NOT NULL, word {blob} NOT NULL, PRIMARY KEY (hub, kind, epoch, id));"
        "CREATE INDEX exchange_heard_at ON exchange_heard (at_ms);"
        "CREATE INDEX network_traits_first ON network_traits (kind, first_ms);";

/* How long things are kept, and how a person's are taken out again. ledger_days: what a device has sent, by
 * day (days since 1970). erasures: who is to be forgotten; when it is done the row says that
 * somebody was, and no longer who. */
static const char step_8[] =
        "CREATE TABLE ledger_days ("
        " device {text} NOT NULL, day BIGINT NOT NULL, reports BIGINT NOT NULL,"
        " bytes BIGINT NOT NULL, agent BIGINT NOT NULL, posture BIGINT NOT NULL,"
        " network BIGINT NOT NULL, gateway BIGINT NOT NULL, dns BIGINT NOT NULL,"
        " tls BIGINT NOT NULL, portal BIGINT NOT NULL, choice BIGINT NOT NULL,"
        " apps BIGINT NOT NULL, lease BIGINT NOT NULL, routers BIGINT NOT NULL,"
        " redirect BIGINT NOT NULL, http BIGINT NOT NULL, proxy BIGINT NOT NULL,"
        " wifi BIGINT NOT NULL, cell BIGINT NOT NULL, name BIGINT NOT NULL,"
        " PRIMARY KEY (device, day));"
        "CREATE INDEX ledger_days_day ON ledger_days (day);"
        "CREATE INDEX actions_done ON actions (done_ms) WHERE state <> 0;"
        "CREATE INDEX device_apps_gone ON device_apps (gone_ms) WHERE gone_ms > 0;"
        "CREATE TABLE erasures ("
        " id {text} PRIMARY KEY, device {text}, state BIGINT NOT NULL, asked_ms BIGINT NOT NULL,"
        " asked_by {text} NOT NULL, begun_ms BIGINT NOT NULL, done_ms BIGINT NOT NULL);"
        "CREATE INDEX erasures_device ON erasures (device) WHERE device IS NOT NULL;";

/* What reading a file said, in two numbers that the crowd learns, and how apps are counted by signer. */
static const char step_9[] =
        "ALTER TABLE app_files ADD COLUMN risk BIGINT NOT NULL DEFAULT -1;"
        "ALTER TABLE app_files ADD COLUMN permissions BIGINT NOT NULL DEFAULT 0;"
        "CREATE INDEX app_files_signer ON app_files (signer);"
        "CREATE INDEX apps_signer ON apps (signer, package);";

/* Foresight, policy, people. What may happen to a device and what is in force for it stands in its row; guard
 * holds where each device's policy stands (policy/guard.h), policy_facts what it decided from, so that a draft can be
 * rehearsed on it. alerts: what people were told. */
static const char step_10[] =
        "ALTER TABLE devices ADD COLUMN ownership BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE devices ADD COLUMN mail {text};"
        "ALTER TABLE devices ADD COLUMN language {text} NOT NULL DEFAULT '';"
        "ALTER TABLE devices ADD COLUMN p7 {real} NOT NULL DEFAULT -1;"
        "ALTER TABLE devices ADD COLUMN p30 {real} NOT NULL DEFAULT -1;"
        "ALTER TABLE devices ADD COLUMN outlook BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE devices ADD COLUMN zone BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE devices ADD COLUMN measures BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE devices ADD COLUMN guard_ms BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE devices ADD COLUMN due_ms BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE devices ADD COLUMN lag_ms BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE device_state ADD COLUMN foresight {text};"
        "CREATE INDEX devices_due ON devices ((due_ms + lag_ms), id) WHERE due_ms > 0;"
        "CREATE INDEX devices_p7 ON devices (p7, id);"
        "CREATE INDEX devices_grp ON devices (grp, id);"
        "ALTER TABLE enrollments ADD COLUMN ownership BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE enrollments ADD COLUMN mail {text};"
        "ALTER TABLE incidents ADD COLUMN simulated BIGINT NOT NULL DEFAULT 0;"
        "CREATE TABLE guard ("
        " device {text} PRIMARY KEY REFERENCES devices (id) DEFERRABLE INITIALLY DEFERRED,"
        " policy BIGINT NOT NULL, state {text} NOT NULL);"
        "CREATE INDEX guard_policy ON guard (policy);"
        "CREATE TABLE policy_facts ("
        " id {serial}, device {text} NOT NULL, at_ms BIGINT NOT NULL, kind BIGINT NOT NULL,"
        " subject {text} NOT NULL, body {text} NOT NULL);"
        "CREATE INDEX policy_facts_device ON policy_facts (device, id);"
        "CREATE INDEX policy_facts_at ON policy_facts (at_ms);"
        /* id is the alert's; action: the newest command to the agent about it */
        "CREATE TABLE alerts ("
        " id {serial}, device {text} NOT NULL, incident {text} NOT NULL, rule {text} NOT NULL,"
        " threat {text} NOT NULL, subject {text} NOT NULL, level BIGINT NOT NULL,"
        " action BIGINT NOT NULL, told_ms BIGINT NOT NULL, shown_ms BIGINT NOT NULL,"
        " answer BIGINT NOT NULL, answered_ms BIGINT NOT NULL, closed_ms BIGINT NOT NULL,"
        " reminders BIGINT NOT NULL, merged BIGINT NOT NULL, simulated BIGINT NOT NULL);"
        "CREATE INDEX alerts_device ON alerts (device, id);"
        "CREATE INDEX alerts_incident ON alerts (incident, id);"
        "CREATE INDEX alerts_rule ON alerts (rule, told_ms);"
        "CREATE INDEX alerts_told ON alerts (told_ms, id);"
        "CREATE INDEX alerts_action ON alerts (action);"
        /* what a person called a mistake: incidents that fit are dismissed when they open */
        "CREATE TABLE mistakes ("
        " id {text} PRIMARY KEY, reason {text} NOT NULL, scope BIGINT NOT NULL,"
        " target {text} NOT NULL, threat {text} NOT NULL, subject {text}, rule {text},"
        " created_ms BIGINT NOT NULL, created_by {text} NOT NULL, expires_ms BIGINT NOT NULL,"
        " uses BIGINT NOT NULL, used_ms BIGINT NOT NULL);"
        "CREATE INDEX mistakes_threat ON mistakes (threat);"
        "CREATE INDEX mistakes_created ON mistakes (created_ms, id);"
        "CREATE TABLE trend_days ("
        " day BIGINT NOT NULL, grp {text} NOT NULL, body {text} NOT NULL,"
        " PRIMARY KEY (day, grp));";

/* People and partners. trend_days above: the state of the fleet at the end of each day, a row a group ('': all). */
static const char step_11[] =
        /* people who sign in: local ones and those of an identity provider (issuer, subject) */
        "CREATE TABLE people ("
        " id {text} PRIMARY KEY, name {text} NOT NULL, mail {text}, role BIGINT NOT NULL,"
        " groups {text} NOT NULL, issuer {text} NOT NULL, subject {text} NOT NULL,"
        " password {text}, totp {text}, totp_step BIGINT NOT NULL, created_ms BIGINT NOT NULL,"
        " created_by {text} NOT NULL, seen_ms BIGINT NOT NULL, disabled_ms BIGINT NOT NULL,"
        " UNIQUE (issuer, subject));"
        "CREATE INDEX people_name ON people (lower(name), id);"
        "ALTER TABLE tokens ADD COLUMN groups {text} NOT NULL DEFAULT '[]';"
        "ALTER TABLE tokens ADD COLUMN person {text};"
        "ALTER TABLE tokens ADD COLUMN device {text};"
        "ALTER TABLE tokens ADD COLUMN address {text};"
        "ALTER TABLE tokens ADD COLUMN external {text};" /* session of the provider */
        "CREATE INDEX tokens_person ON tokens (person) WHERE person IS NOT NULL;"
        "CREATE INDEX tokens_device ON tokens (device) WHERE device IS NOT NULL;"
        /* a sign-in at the provider that has begun */
        "CREATE TABLE signins ("
        " state {text} PRIMARY KEY, nonce {text} NOT NULL, verifier {text} NOT NULL,"
        " back {text} NOT NULL, created_ms BIGINT NOT NULL);"
        "CREATE TABLE push_tokens ("
        " device {text} PRIMARY KEY REFERENCES devices (id) DEFERRABLE INITIALLY DEFERRED,"
        " service BIGINT NOT NULL, token {text} NOT NULL, at_ms BIGINT NOT NULL);"
        "CREATE TABLE report_plans ("
        " id {text} PRIMARY KEY, kind {text} NOT NULL, grp {text} NOT NULL, every BIGINT NOT NULL,"
        " recipients {text} NOT NULL, created_ms BIGINT NOT NULL, created_by {text} NOT NULL,"
        " next_ms BIGINT NOT NULL, last_ms BIGINT NOT NULL, error {text});"
        "CREATE INDEX report_plans_next ON report_plans (next_ms);";

/* Drills are told, too, and so they stand in the ledger. */
static const char step_12[] = "ALTER TABLE ledger ADD COLUMN drill BIGINT NOT NULL DEFAULT 0;"
                              "ALTER TABLE ledger_days ADD COLUMN drill BIGINT NOT NULL DEFAULT 0;";

const char *const pk_store_steps[] = { step_1, step_2, step_3, step_4, step_5, step_6, step_7,
    step_8, step_9, step_10, step_11, step_12 };
const size_t pk_store_step_count = PK_COUNT(pk_store_steps);
