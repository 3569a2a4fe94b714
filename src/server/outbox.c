#include "server/outbox.h"

#include "pipeline/pipeline.h"
#include "respond/hook/hook.h"
#include "respond/mail/smtp.h"
#include "respond/push/push.h"
#include "respond/siem/target.h"

_Static_assert(PK_SIEM_TARGETS_MAX + PK_HOOKS_MAX + 3 <= PK_CHANNELS_MAX, "all of them fit");

size_t pk_outbox_channels(
        const struct pk_settings *settings, struct pk_channel out[PK_CHANNELS_MAX])
{
    const struct pk_siem_settings *siem = settings->siem.items;
    const struct pk_hook_settings *hooks = settings->webhooks.items;
    size_t count = 0;

    for (size_t i = 0; i < settings->siem.count; i++) {
        out[count++] = pk_siem_channel(&siem[i]);
    }
    if (settings->mail != NULL) {
        out[count++] = pk_mail_channel(settings->mail);
    }
    for (size_t i = 0; i < settings->webhooks.count; i++) {
        out[count++] = pk_hook_channel(&hooks[i]);
    }
    if (settings->push != NULL && settings->push->apns != NULL) {
        out[count++] = pk_apns_channel(settings->push->apns);
    }
    if (settings->push != NULL && settings->push->fcm != NULL) {
        out[count++] = pk_fcm_channel(settings->push->fcm);
    }
    return count;
}

int pk_outbox_tell_pipeline(const struct pk_settings *settings, struct pk_arena *arena,
        struct pk_pipeline *out, struct pk_error *err)
{
    const struct pk_siem_settings *siem = settings->siem.items;
    const struct pk_hook_settings *hooks = settings->webhooks.items;
    const char **targets = pk_arena_alloc(arena, settings->siem.count, sizeof(*targets));
    const char **names = pk_arena_alloc(arena, settings->webhooks.count, sizeof(*names));

    if (targets == NULL || names == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < settings->siem.count; i++) {
        targets[i] = siem[i].name;
    }
    for (size_t i = 0; i < settings->webhooks.count; i++) {
        names[i] = hooks[i].name;
    }
    out->siem_targets = targets;
    out->siem_count = settings->siem.count;
    out->hooks = (struct pk_strings){ names, settings->webhooks.count };
    out->mail = settings->mail != NULL;
    return PK_OK;
}

int pk_outbox_start(
        struct pk_server *server, const char *host, struct pk_dispatch **out, struct pk_error *err)
{
    struct pk_channel *channels = pk_arena_alloc(server->arena, PK_CHANNELS_MAX, sizeof(*channels));
    struct pk_dispatch_settings settings = {
        .store_url = server->settings.store,
        .channels = channels,
        .origin = { .host = host, .version = PK_VERSION, .url = server->url },
    };

    if (channels == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    settings.count = pk_outbox_channels(&server->settings, channels);
    return pk_dispatch_start(&settings, out, err);
}
