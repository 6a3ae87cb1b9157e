#!/usr/bin/env bash
# Builds the extension as a release and installs it into a PostgreSQL for use.
#
#     tools/install.sh [path of pg_config]      (default: pg_config)
#
# HC_PROFILE=quick builds faster and runs slower, as the tests do. PGRX_HOME may be set, to share what is built already.
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

pg_config=${1:-pg_config}
pg_config=$(command -v "$pg_config") || die "no such program: ${1:-pg_config}"
# Debian's /usr/bin/pg_config is a wrapper; the program stands in its own bindir.
pg_config=$("$pg_config" --bindir)/pg_config
major=$("$pg_config" --version | sed 's/^PostgreSQL \([0-9]*\).*/\1/')
grep -q "^pg$major = " "$ROOT/Cargo.toml" || die "PostgreSQL $major ($pg_config) is not supported"
[ -f "$("$pg_config" --includedir-server)/postgres.h" ] ||
    die "the server headers of PostgreSQL $major are missing (Debian: postgresql-server-dev-$major)"

PG_MAJOR=$major "$ROOT/tools/setup.sh" packages cargo-pgrx
export PATH=$STATE/tools/bin:$PATH PGRX_HOME=${PGRX_HOME:-$STATE/pgrx-install} PGRX_PG_CONFIG_PATH=$pg_config
mkdir -p "$PGRX_HOME"
printf '[configs]\npg%s = "%s"\n' "$major" "$pg_config" >"$PGRX_HOME/config.toml.new"
cmp -s "$PGRX_HOME/config.toml.new" "$PGRX_HOME/config.toml" || cp "$PGRX_HOME/config.toml.new" "$PGRX_HOME/config.toml"

sudo=()
if [ ! -w "$("$pg_config" --pkglibdir)" ] || [ ! -w "$("$pg_config" --sharedir)/extension" ]; then
    command -v sudo >/dev/null || die "$("$pg_config" --pkglibdir) is not writable: run as root"
    sudo=(--sudo)
fi
cd "$ROOT"
cargo pgrx install --profile "${HC_PROFILE:-release}" "${sudo[@]+"${sudo[@]}"}" --pg-config "$pg_config" --no-default-features --features "pg$major"
say "installed. In a database of encoding UTF8, as superuser: CREATE EXTENSION health_crypto;"
