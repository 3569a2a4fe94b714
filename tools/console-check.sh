#!/bin/bash
# Checks the console's source and its size: types, pure functions, and the budget of what a browser downloads.
#
#   tools/console-check.sh BUILT_CONSOLE
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 3
out=$(realpath -m "${1:?usage: tools/console-check.sh BUILT_CONSOLE}")
passed=0
failed=0

check() {
    local name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        printf 'ok      %s\n' "$name"
    else
        failed=$((failed + 1))
        printf 'FAILED  %s\n' "$name"
    fi
}

check 'console builds' tools/build-console.sh "$out"
check 'types (tsc)' npm --prefix web run --silent check
check 'pure functions' npm --prefix web run --silent test
check 'size budget' npm --prefix web run --silent budget -- "$out"

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
