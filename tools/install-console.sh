#!/bin/bash
# Called by `meson install`: copies the built console to its place. Without one it only says so.
#
#   tools/install-console.sh CONSOLE_FOLDER PLACE_BELOW_PREFIX
set -euo pipefail

from=$1
to=${MESON_INSTALL_DESTDIR_PREFIX:?this script is for meson install}/$2
if [ ! -f "$from/index.html" ]; then
    echo "console: not built, so not installed (make build)" >&2
    exit 0
fi
rm -rf "$to"
mkdir -p "$to"
cp "$from"/* "$to"/
chmod 644 "$to"/*
