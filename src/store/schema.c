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

const char *const pk_store_steps[] = { step_1, step_2, step_3 };
const size_t pk_store_step_count = PK_COUNT(pk_store_steps);
