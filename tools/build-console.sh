#!/bin/bash
# Builds the web console from web/ into a folder, only when its sources changed.
#
#   tools/build-console.sh OUT
#
# Packages come from web/package-lock.json with `npm ci`, only when that file changed.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=$(realpath -m "${1:?usage: tools/build-console.sh OUT}")
stamp=$out.stamp

if [ ! -f web/package.json ]; then
    echo "console: web/package.json is missing; nothing to build" >&2
    exit 0
fi

# Every file but what npm and the build themselves make.
sources=$(find web -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*' -print0 |
    sort -z | xargs -0 sha256sum | sha256sum)
if [ -f "$out/index.html" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$sources" ]; then
    exit 0
fi

version=$(node --version 2>/dev/null || echo none)
major=${version#v}
if ! [ "${major%%.*}" -ge 18 ] 2>/dev/null || ! command -v npm >/dev/null; then
    echo "console: needs node 18 or newer with npm on PATH (found: $version); Debian 12: tools/setup.sh build" >&2
    exit 1
fi

lock=$(sha256sum <web/package-lock.json)
if [ "$(cat web/node_modules/.picket-lock 2>/dev/null)" != "$lock" ]; then
    echo "console: installing its packages (npm ci)"
    (cd web && npm ci --no-audit --no-fund --loglevel=error)
    printf '%s\n' "$lock" >web/node_modules/.picket-lock
fi

echo "console: building into ${out#"$PWD"/}"
mkdir -p "$out"
(cd web && npm run --silent build -- "$out")
if [ ! -f "$out/index.html" ]; then
    echo "console: the build left no index.html in '$out'" >&2
    exit 1
fi
printf '%s\n' "$sources" >"$stamp"
