/* anomaly_table.h - the catalogue as made from data/anomalies.yaml; only anomaly.c reads it. */
#pragma once

#include "formats/anomaly.h"

extern const struct pk_anomaly_kind pk_anomaly_table[PK_ANOMALY_COUNT];
