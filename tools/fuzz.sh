#!/bin/bash
# Runs every fuzz target for a time, starting from its corpus; what it learns stays in fuzz-corpus/.
#
#   tools/fuzz.sh [SECONDS_PER_TARGET] [TARGET...]
#
# A crash leaves its input in fuzz-corpus/crashes/; put it into tests/fuzz/corpus/TARGET/ with the fix.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 3
seconds=${1:-60}
shift || true
build='build-fuzz'
learned=fuzz-corpus
passed=0
failed=0

if [ ! -f "$build/build.ninja" ]; then
    CC=clang-14 meson setup "$build" -Dfuzz=true -Dwerror=false -Doptimization=1 \
        -Db_sanitize=address,undefined -Db_lundef=false >/dev/null || exit 3
fi
mkdir -p $learned/crashes

# "12345 executions (41/s), 812 of 2209 branches covered, 17 inputs learned"
summary() {
    local runs rate learned_now edges all
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$1")
    rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$1")
    learned_now=$(sed -n 's/^stat::new_units_added: *//p' "$1")
    edges=$(grep -oE 'cov: [0-9]+' "$1" | tail -n 1 | grep -oE '[0-9]+')
    all=$(sed -n 's/^INFO: Loaded 1 modules *(\([0-9]*\) .*/\1/p' "$1" | head -n 1)
    printf '   %s executions (%s/s), %s of %s branches covered, %s inputs learned\n' \
        "$runs" "$rate" "${edges:-?}" "${all:-?}" "$learned_now"
}

targets=("$@")
if [ ${#targets[@]} = 0 ]; then
    mapfile -t targets < <(cd tests/fuzz && ls fuzz_*.c 2>/dev/null | sed 's/^fuzz_//; s/\.c$//')
fi
[ ${#targets[@]} -gt 0 ] || { echo 'no fuzz target in tests/fuzz' >&2; exit 3; }
ninja -C "$build" -j "$(nproc)" --quiet "${targets[@]/#/tests/fuzz/fuzz_}" || exit 3
for name in "${targets[@]}"; do
    mkdir -p "$learned/$name"
    log=$learned/$name.log
    printf '== %s for %s s\n' "$name" "$seconds"
    if "$build/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="$learned/crashes/$name-" \
        "$learned/$name" "tests/fuzz/corpus/$name" >"$log" 2>&1; then
        passed=$((passed + 1))
        summary "$log"
    else
        failed=$((failed + 1))
        tail -n 40 "$log" | sed 's/^/    /'
        printf '   the input is in %s/crashes, the whole log in %s\n' "$learned" "$log"
    fi
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
