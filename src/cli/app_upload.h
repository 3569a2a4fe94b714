/* app_upload.h - picket app upload FILE: has the server read it and tells what it found. */
#pragma once

#include "cli/group.h"

/* Gives an enum pk_exit: bad news when the verdict is not clean. */
PK_MUST_USE int pk_app_upload(struct pk_cli *cli, struct pk_error *err);
