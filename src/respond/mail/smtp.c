#include "respond/mail/smtp.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "respond/communication.h"
#include "respond/curl.h"
#include "respond/mail/letter.h"

#define BATCH        16
#define GIVE_UP_MS   (5 * PK_DAY_MS) /* RFC 5321 4.5.4.1: at least 4-5 days */
#define PASSWORD_MAX 256

struct smtp {
    const struct pk_mail_settings *settings;
    const struct pk_origin *origin;
    struct pk_curl curl;
    struct pk_buffer message;
    size_t sent; /* of the message */
};

static void destroy(void *self)
{
    struct smtp *s = self;

    pk_curl_close(&s->curl);
    pk_buffer_finish(&s->message);
    free(s);
}

static int create(const void *settings, const struct pk_origin *origin, int stop_fd, void **out,
        struct pk_error *err)
{
    struct smtp *s = calloc(1, sizeof(*s));
    int rc;

    if (s == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    s->settings = settings;
    s->origin = origin;
    s->message = pk_buffer_of(PK_LETTER_MAX);
    rc = pk_curl_open(&s->curl, stop_fd, err);
    if (rc < 0) {
        free(s);
        return rc;
    }
    *out = s;
    return PK_OK;
}

static size_t give_bytes(char *to, size_t size, size_t count, void *ctx)
{
    struct smtp *s = ctx;
    size_t len = s->message.len - s->sent;

    len = len > size * count ? size * count : len;
    if (len > 0) {
        memcpy(to, s->message.ptr + s->sent, len);
    }
    s->sent += len;
    return len;
}

/* libcurl names the type. NOLINTNEXTLINE(readability-non-const-parameter) */
static size_t ignore_bytes(char *bytes, size_t size, size_t count, void *ctx)
{
    (void)bytes;
    (void)ctx;
    return size * count;
}

/* What was said last: a refusal means something else to "MAIL" than to "RCPT", and people want its words. */
struct talk {
    char command[5];
    char answer[160];
    bool over; /* we say good bye; what comes now is of no interest */
};

static void note_answer(struct talk *t, const char *bytes, size_t len)
{
    size_t at = 0;

    if (len < 4 || bytes[0] < '2' || bytes[0] > '5') {
        return;
    }
    for (; at < len && at < sizeof(t->answer) - 1; at++) {
        t->answer[at] = (char)(bytes[at] >= 0x20 && bytes[at] < 0x7f ? bytes[at] : ' ');
    }
    while (at > 0 && t->answer[at - 1] == ' ') {
        at--;
    }
    t->answer[at] = '\0';
}

static int listen_in(CURL *easy, curl_infotype type, char *bytes, size_t len, void *ctx)
{
    struct talk *t = ctx;

    (void)easy;
    if (t->over) {
        return 0;
    }
    if (type == CURLINFO_HEADER_OUT && len >= 4) {
        t->over = strncmp(bytes, "QUIT", 4) == 0;
        if (!t->over) {
            memcpy(t->command, bytes, 4);
        }
    } else if (type == CURLINFO_HEADER_IN) {
        note_answer(t, bytes, len);
    }
    return 0;
}

static long status_of(const struct talk *t)
{
    return strtol(t->answer, NULL, 10);
}

/* Is it about the recipient or the message, and not about the relay as a whole? */
static bool is_about_row(const struct talk *t)
{
    long status = status_of(t);

    return (strcmp(t->command, "RCPT") == 0 || strcmp(t->command, "DATA") == 0) && status >= 400 &&
            status < 600 && status != 421; /* 421: the relay goes to bed */
}

static int sign_in(struct smtp *s, struct pk_error *err)
{
    char password[PASSWORD_MAX];
    int rc;

    if (s->settings->user == NULL) {
        return PK_OK;
    }
    rc = pk_secret_file(s->settings->password_file, password, sizeof(password), err);
    if (rc == PK_OK) { /* libcurl copies both */
        (void)curl_easy_setopt(s->curl.easy, CURLOPT_USERNAME, s->settings->user);
        (void)curl_easy_setopt(s->curl.easy, CURLOPT_PASSWORD, password);
    }
    explicit_bzero(password, sizeof(password));
    return rc;
}

static int hand_over(struct smtp *s, struct pk_sending *row, const char *to, struct pk_error *err)
{
    struct talk talk = { "", "", false };
    struct curl_slist *recipients = NULL;
    char address[PK_MAIL_ADDRESS_MAX + 3];
    char from[PK_MAIL_ADDRESS_MAX + 3];
    CURL *easy = s->curl.easy;
    CURLcode code;
    int rc;

    pk_curl_prepare(
            &s->curl, s->settings->relay, "smtp,smtps", s->settings->ca, s->settings->timeout_s);
    rc = sign_in(s, err);
    if (rc < 0) {
        return rc;
    }
    (void)snprintf(address, sizeof(address), "<%s>", to);
    (void)snprintf(from, sizeof(from), "<%s>", s->settings->from);
    recipients = curl_slist_append(NULL, address);
    if (recipients == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    if (s->settings->starttls == PK_STARTTLS_REQUIRED) {
        (void)curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
    }
    s->sent = 0;
    (void)curl_easy_setopt(easy, CURLOPT_MAIL_FROM, from);
    (void)curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, recipients);
    (void)curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)s->message.len);
    (void)curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_bytes);
    (void)curl_easy_setopt(easy, CURLOPT_READDATA, s);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore_bytes);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, ignore_bytes);
    (void)curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, listen_in);
    (void)curl_easy_setopt(easy, CURLOPT_DEBUGDATA, &talk);
    (void)curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
    code = curl_easy_perform(easy);
    (void)curl_easy_setopt(easy, CURLOPT_VERBOSE, 0L); /* talk ends here */
    (void)curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, NULL);
    curl_slist_free_all(recipients);
    if (code == CURLE_OK) {
        row->result = PK_SENT_OK;
        return PK_OK;
    }
    if (is_about_row(&talk)) {
        row->result = status_of(&talk) >= 500 ? PK_SENT_REFUSED : PK_SENT_LATER;
        (void)pk_error_set(&row->error, PK_EPEER, "the relay says %s", talk.answer);
        return PK_OK;
    }
    return pk_error_set(err, PK_EIO, "%.120s: %s%s%s", s->settings->relay,
            s->curl.words[0] != '\0' ? s->curl.words : curl_easy_strerror(code),
            status_of(&talk) >= 400 ? ": " : "", status_of(&talk) >= 400 ? talk.answer : "");
}

static int send_row(struct smtp *s, struct pk_sending *row, struct pk_error *err)
{
    const struct pk_action *action = row->action;
    struct pk_letter letter = {
        .to = action->target,
        .from = s->settings->from,
        .from_name = s->settings->name,
        .reply_to = s->settings->reply_to,
        .url = s->origin->url,
        .incident = action->incident,
        .id = action->id,
        .created_ms = action->created_ms,
        .now_ms = pk_clock_ms(),
        .payload = action->payload,
    };

    if (action->target == NULL || !pk_mail_address_ok(action->target)) {
        row->result = PK_SENT_REFUSED;
        (void)pk_error_set(&row->error, PK_EMALF, "this is no mail address");
        return PK_OK;
    }
    pk_buffer_clear(&s->message);
    s->message.rc = PK_OK;
    if (pk_letter_compose(&letter, &s->message, &row->error) < 0) {
        row->result = PK_SENT_REFUSED;
        return PK_OK;
    }
    return hand_over(s, row, action->target, err);
}

static int send_all(void *self, struct pk_store *store, struct pk_sending *rows, size_t count,
        struct pk_error *err)
{
    int rc = PK_OK;

    (void)store;
    for (size_t i = 0; i < count && rc == PK_OK; i++) {
        rc = send_row(self, &rows[i], err);
    }
    return rc;
}

static const struct pk_channel_ops mail_ops = {
    .create = create,
    .send = send_all,
    .destroy = destroy,
};

struct pk_channel pk_mail_channel(const struct pk_mail_settings *settings)
{
    return (struct pk_channel){
        .ops = &mail_ops,
        .settings = settings,
        .name = PK_MAIL_CHANNEL,
        .kind = PK_ACTION_MAIL,
        .apart = true,
        .batch = BATCH,
        .give_up_ms = GIVE_UP_MS,
    };
}
