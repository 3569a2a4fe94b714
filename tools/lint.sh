#!/bin/bash
# Checks that need no running program: formatting, static analysis, the floors of the house, scripts.
#
#   tools/lint.sh [--build DIR] [--deep]
#
# --deep: the static analysis follows paths as far as it can, which takes twice as long.
# Each check is named with what it found; the last line counts checks.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 3
build=build
depth=()
while [ $# -gt 0 ]; do
    case $1 in
    --build) build=$2 && shift ;;
    --deep) depth=(--deep) ;;
    *) printf 'usage: tools/lint.sh [--build DIR] [--deep]\n' >&2 && exit 2 ;;
    esac
    shift
done
jobs=$(nproc)
passed=0
failed=0

# check NAME COMMAND...: silent when fine, its output when not.
check() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then
        passed=$((passed + 1))
        printf 'ok      %s\n' "$name"
    else
        failed=$((failed + 1))
        printf 'FAILED  %s\n%s\n' "$name" "$output"
    fi
}

# Tracked files and new ones that git would take.
files() {
    git ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do
        [ -f "$file" ] && printf '%s\n' "$file"
    done
}

c_format() {
    files '*.c' '*.h' | xargs -r clang-format-14 --dry-run -Werror
}

shell_scripts() {
    files | grep -v '^web/node_modules/' | while read -r file; do
        case $file in
        *.sh) printf '%s\n' "$file" ;;
        *.*) ;;
        *) head -c 64 "$file" | head -n 1 | grep -aqE '^#!.*\b(ba|da)?sh\b' && printf '%s\n' "$file" ;;
        esac
    done | xargs -r shellcheck --severity=warning --exclude=SC1091
}

python_scripts() {
    local bad=0 file
    while read -r file; do
        python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' "$file" || bad=1
    done < <(files '*.py')
    return $bad
}

if [ ! -f "$build/build.ninja" ]; then
    meson setup "$build" >/dev/null || exit 3
fi
check 'formatting (clang-format)' c_format
check 'floors (no room includes one above it)' python3 tools/lint_floors.py
check 'words and sizes' python3 tools/lint_words.py
check 'shell scripts (shellcheck)' shell_scripts
check 'python scripts' python_scripts
check 'static analysis (clang-tidy)' python3 tools/lint_tidy.py --build "$build" --jobs "$jobs" "${depth[@]}"

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
