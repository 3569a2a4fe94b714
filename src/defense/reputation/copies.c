/* Does the app pretend to be another one? Its name and icon against those of reference apps (intel/set.h) of other
 * makers. A name alone is little: many apps are called "Calculator", so it takes the icon with it, a disguise, or
 * rights that a copy wants. */
#include <inttypes.h>
#include <string.h>

#include "defense/reputation/confusable.h"
#include "defense/reputation/judge.h"
#include "defense/reputation/rights.h"
#include "defense/reputation/signers.h"

/* Bits in which two hashes of the same picture differ, at most: other sizes and compressions of an icon give 0 to 6,
 * different icons seldom less than 18. */
#define PHASH_NEAR 8
#define DHASH_NEAR 12
/* A picture of one colour, or nearly: its hash says nothing. */
#define BITS_LEAST 8
#define BITS_MOST  56

#define NAME_LEAST 4 /* letters of a name that says something */

/* Names of functions, not of makers, as skeletons are read: in the letters that a person would write. */
static const char *const generic_names[] = { "alarm", "app", "application", "app store", "backup",
    "bank", "banking", "barcode scanner", "battery", "bible", "bluetooth", "browser", "calculator",
    "calendar", "calls", "camera", "chat", "chess", "clock", "cloud", "compass", "contacts", "demo",
    "dialer", "dictionary", "documents", "downloader", "downloads", "drive", "email", "example",
    "explorer", "file explorer", "file manager", "filemanager", "files", "flashlight", "gallery",
    "game", "games", "hello world", "helloworld", "home", "installer", "internet", "keyboard",
    "launcher", "library", "locker", "mail", "main", "mainactivity", "manager", "map", "maps",
    "market", "media player", "memo", "message", "messages", "messaging", "messenger", "music",
    "music player", "my app", "my application", "news", "note", "notepad", "notes", "office",
    "password", "password manager", "passwords", "pdf reader", "pdf viewer", "phone", "photo",
    "photos", "player", "podcasts", "qr code", "qr code reader", "qr code scanner", "qr scanner",
    "radio", "reader", "recorder", "reminder", "reminders", "sample", "scanner", "screen recorder",
    "search", "security", "service", "settings", "share", "shopping", "sms", "sound recorder",
    "stopwatch", "store", "system", "system update", "tasks", "terminal", "test", "text editor",
    "timer", "to do", "todo", "todo list", "tools", "torch", "translate", "translator", "tv",
    "uninstaller", "update", "updater", "video", "video player", "videos", "viewer",
    "voice recorder", "vpn", "wallet", "wallpaper", "wallpapers", "weather", "web", "web browser",
    "wifi" };

struct likeness {
    const struct pk_intel_app *app;
    bool icon;
    bool disguised;
    unsigned phash, dhash; /* bits that differ */
};

static bool parse_hash(const char *text, uint64_t *out)
{
    uint64_t value = 0;

    if (text == NULL || strlen(text) != 16) {
        return false;
    }
    for (size_t i = 0; i < 16; i++) {
        char c = text[i];
        unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0')
                : c >= 'a' && c <= 'f'        ? (unsigned)(c - 'a') + 10
                                              : 16;

        if (digit == 16) {
            return false;
        }
        value = value << 4 | digit;
    }
    *out = value;
    return true;
}

static bool says_something(uint64_t hash)
{
    int bits = __builtin_popcountll(hash);

    return bits >= BITS_LEAST && bits <= BITS_MOST;
}

static bool same_icon(const struct pk_app_report *report, struct likeness *like)
{
    uint64_t phash = 0;
    uint64_t dhash = 0;

    if (report->icon == NULL || like->app->phash == 0 || !parse_hash(report->icon->phash, &phash) ||
            !parse_hash(report->icon->dhash, &dhash) || !says_something(phash)) {
        return false;
    }
    like->phash = (unsigned)__builtin_popcountll(phash ^ like->app->phash);
    like->dhash = (unsigned)__builtin_popcountll(dhash ^ like->app->dhash);
    return like->phash <= PHASH_NEAR && like->dhash <= DHASH_NEAR;
}

static bool is_generic(const char *skeleton)
{
    char other[PK_SKELETON_MAX];

    if (strlen(skeleton) < NAME_LEAST) {
        return true;
    }
    for (size_t i = 0; i < PK_COUNT(generic_names); i++) {
        if (pk_confusable_skeleton(generic_names[i], other) > 0 && strcmp(skeleton, other) == 0) {
            return true;
        }
    }
    return false;
}

static const char *strong_permission(const struct pk_app_report *report)
{
    for (size_t i = 0; i < report->permissions.count; i++) {
        if (pk_right_is_strong(report->permissions.items[i])) {
            return report->permissions.items[i];
        }
    }
    return NULL;
}

/* The same maker, or the same app: not a copy, or one that publisher.c has told of. */
static bool is_own(const struct pk_app_report *report, const struct pk_intel_app *app)
{
    return strcmp(report->package, app->package) == 0 ||
            (pk_signer_public_cert(app->cert) == NULL &&
                    pk_signers_find(report, app->cert) >= PK_SIGNER_BEFORE);
}

static void say_copy(struct pk_judge *j, const struct likeness *like, const char *right)
{
    static const char *const attack[] = { "T1655.001", NULL };
    const struct pk_app_report *report = j->report;
    const struct pk_intel_app *app = like->app;
    bool strong = like->icon || like->disguised;

    pk_judge_say(j,
            &(struct pk_app_finding){
                    .id = "malware.repackaged",
                    .severity = strong ? PK_SEVERITY_HIGH : PK_SEVERITY_MEDIUM,
                    .title = pk_judge_print(j, "Pretends to be \"%.80s\"",
                            app->label != NULL ? app->label : app->package),
                    .evidence = pk_judge_print(j,
                            "named \"%.80s\"%s%s, but %.120s is not %.120s and another key signed "
                            "it "
                            "(%.60s knows the real one)%s%s",
                            report->label, like->disguised ? " in disguised letters" : "",
                            like->icon ? " with its icon" : "", report->package, app->package,
                            app->source, right != NULL ? "; asks for " : "",
                            right != NULL ? right : ""),
                    .attack = pk_judge_attack(j, attack),
                    .rule = PK_RULE_IMPERSONATION,
                    .count = 1,
                    .weight = PK_APP_WEIGHT_SUSPICIOUS,
                    .confidence = strong ? 0.75 : 0.55,
            });
}

/* True: said. */
static bool judge(struct pk_judge *j, struct likeness *like)
{
    const struct pk_app_report *report = j->report;
    const char *right;

    if (is_own(report, like->app)) {
        return false;
    }
    like->icon = same_icon(report, like);
    right = strong_permission(report);
    if (!like->icon && !like->disguised && right == NULL) {
        return false;
    }
    say_copy(j, like, right);
    return true;
}

void pk_judge_copies(struct pk_judge *j)
{
    const struct pk_intel_set *const *sets = j->knowledge->sets;
    const struct pk_app_report *report = j->report;
    char skeleton[PK_SKELETON_MAX];
    bool said = false;

    if (sets == NULL || report->package == NULL || report->label == NULL ||
            (report->kind != PK_APP_APK && report->kind != PK_APP_BUNDLE) ||
            j->situation->system == PK_TRI_YES ||
            pk_confusable_skeleton(report->label, skeleton) == 0 || is_generic(skeleton)) {
        return;
    }
    for (size_t i = 0; sets[i] != NULL && !said; i++) {
        size_t count = pk_intel_app_count(sets[i]);

        for (size_t n = 0; n < count && !said; n++) {
            struct pk_intel_app app;
            char other[PK_SKELETON_MAX];

            if (pk_intel_app_at(sets[i], n, &app) && app.label != NULL &&
                    pk_confusable_skeleton(app.label, other) > 0 && strcmp(skeleton, other) == 0) {
                struct likeness like = {
                    .app = &app,
                    .disguised = pk_confusable_disguised(report->label) &&
                            !pk_confusable_plain(report->label, app.label),
                };

                said = judge(j, &like);
            }
        }
    }
}
