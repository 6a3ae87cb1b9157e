#!/usr/bin/env bash
# Does the documentation say what is so?
#
#     tools/docs.sh check                            every page, without a server (the step "readme")
#     tools/docs.sh run PAGE DIRECTORY [--setup F]   runs a page in DIRECTORY and compares what it prints with what it shows
#     tools/docs.sh extract PAGE DIRECTORY [--all]   the page's named blocks, for a test that runs them itself
#
# The work is in tools/docs/; pages are parsed by markdown-it-py, in an environment of its own below target/tools.
# Whom a page's psql talks to is the caller's to say; lib.sh forgets it.
connection=$(export -p | grep '^declare -x PG' || true)
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

eval "$connection"
python_venv docs "$ROOT/tools/docs/requirements.txt"
case ${1:-} in
    check) exec "$VENV/bin/python" "$ROOT/tools/docs/check.py" ;;
    run | extract) exec "$VENV/bin/python" "$ROOT/tools/docs/run.py" "$@" ;;
    *) die "usage: tools/docs.sh check | run PAGE DIRECTORY [--setup FILE] | extract PAGE DIRECTORY" ;;
esac
