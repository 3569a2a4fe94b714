/* crowd_vouch.h - whose signature the crowd's words carry: the server's own key, vouched for by a certificate of
 * the deployment's CA for signing alone. No device's certificate is one. Any thread. */
#pragma once

#include "base/sign.h"

/* der: the certificate; ca_file: PEM. now_ms 0: its time is not looked at (it vouched when it was taken). Writes the
 * Ed25519 key. PK_ECRYPTO: it does not vouch, *err says why. */
PK_MUST_USE int pk_crowd_vouch(struct pk_slice der, const char *ca_file, int64_t now_ms,
        uint8_t key[PK_SIGN_KEY_SIZE], struct pk_error *err);
