#!/usr/bin/env bash
# Makes target/gnuhealth/venv, a Python environment with the GNU Health of tests/gnuhealth/requirements.txt, from PyPI.
# Does nothing while that file and the Python stay the same. Prints the path of the environment as its last line.
#
#     PYTHON=python3.12 tools/gnuhealth-venv.sh
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

requirements=$ROOT/tests/gnuhealth/requirements.txt
home=$STATE/gnuhealth
venv=$home/venv
python=

for candidate in "${PYTHON:-}" python3 /usr/bin/python3 python3.13 python3.12 python3.11; do
    [ -n "$candidate" ] || continue
    # The pinned numpy and matplotlib ask for 3.11.
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || die "no Python 3.11 or later with the module venv (Debian: python3-venv)"

progress() {
    if grep -q '^Installing collected' "$1"; then
        echo "unpacking"
    elif grep -q '^Building wheels' "$1"; then
        echo "preparing packages: $(grep -cE '^ *Created wheel for' "$1" || true) done"
    else
        echo "fetching packages: $(grep -c '^Collecting' "$1" || true) done"
    fi
}

version=$("$python" -c 'import sys; print(sys.version, sys.executable)')
stamp=$(printf '%s\n%s\n' "$version" "$venv" | cat - "$requirements" | sha256sum)
if [ "$(cat "$venv/.complete" 2>/dev/null)" != "$stamp" ]; then
    log=$LOGS/gnuhealth-venv.log
    say "installing GNU Health from PyPI, about $(grep -c '==' "$requirements") packages, one to three minutes (log: ${log#"$ROOT/"})"
    rm -rf "$venv"
    mkdir -p "$home"
    "$python" -m venv "$venv"
    # The list is complete, so pip has nothing to resolve; and it must not add psycopg2, which has to be compiled.
    "$venv/bin/python" -m pip install --disable-pip-version-check --no-input --no-deps -r "$requirements" \
        >"$log" 2>&1 </dev/null &
    pip=$!
    on_exit kill "$pip"
    started=$SECONDS
    while kill -0 "$pip" 2>/dev/null; do
        sleep 1
        [ $(((SECONDS - started) % 15)) -ne 0 ] ||
            say "  $((SECONDS - started)) s, $(progress "$log")"
    done
    HC_ON_EXIT=()
    if ! wait "$pip"; then
        log_tail "$log" >&2
        die "pip could not install tests/gnuhealth/requirements.txt"
    fi
    "$venv/bin/python" -c 'import psycopg2, proteus, trytond.modules.health_crypto_lab' ||
        die "GNU Health does not load"
    printf '%s\n' "$stamp" >"$venv/.complete"
fi
say "$venv"
