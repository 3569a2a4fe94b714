/* commands.h - the commands that talk to a server, hold a store or know the catalogue. They live in
 * picket-admin, which picket starts: loading their libraries (HTTP, LDAP, Kerberos, databases) takes
 * three times as long as scanning a small app, and none of them belongs into the program that opens
 * files of attackers. */
#pragma once

/* name, one line for --help */
#define PK_ADMIN_COMMANDS(X)                                                                \
    X(app, "apps on devices: list, show, devices, upload, except, rules; diff of two")      \
    X(device, "protected devices: list, show, risk, revoke, export, erase, simulate")       \
    X(incident, "incidents: list, show, dismiss, reopen")                                   \
    X(mistake, "what was called a mistake: list, add, remove, export, import")              \
    X(network, "networks that devices met: list, show, devices, map, trust")                \
    X(crowd, "what all devices know together: status, show, explain, map, voice, exchange") \
    X(events, "the event stream, as it happens with --follow")                              \
    X(enrollment, "links that let devices in: list, create, remove")                        \
    X(token, "API tokens: list, create, remove")                                            \
    X(user, "who may sign in: list, add, change, disable, enable, remove, signin-link")     \
    X(audit, "who did what")                                                                \
    X(channel, "letters, webhooks, SOC, push: list, test, mail")                            \
    X(communication, "which administrators hear of what: show, set")                        \
    X(report, "the state of security as a page: show; sent by mail: plans, add, remove")    \
    X(health, "is the server well?")                                                        \
    X(intel, "known bad and good: import, lookup, show, list, export, remove, trust, push") \
    X(threat, "the threat catalogue: list, show")                                           \
    X(text, "own words for threats: list, show, set, reset")                                \
    X(policy, "policies: check, rehearse, put, status, versions, diff; alerts, rates")      \
    X(model, "the classifier of apps: list, show, score, features")                         \
    X(rules, "the behaviour rules that judge apps: list, show")                             \
    X(names, "the judge of names and URLs by their letters: score, measure")                \
    X(replay, "recorded observations through the real pipeline")
