#!/usr/bin/env bash
# Builds the extension as a release and installs it into a PostgreSQL for use, or takes it away again.
#
#     tools/install.sh [path of pg_config]                (default: pg_config)
#     tools/install.sh --build [path of pg_config]        only builds
#     tools/install.sh --uninstall [path of pg_config]    removes the files that an installation leaves
#
# DESTDIR=directory: below that directory, as those want who make packages.
# HC_PROFILE=quick: builds faster and runs slower, as the tests do; without the points where these can have a panic.
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

action=install
case ${1:-} in
    --build | --uninstall) action=${1#--} && shift ;;
esac
PROFILE=${HC_PROFILE:-release}
DESTDIR=${DESTDIR:-}

pg_config=${1:-pg_config}
pg_config=$(command -v "$pg_config") || die "no such program: ${1:-pg_config}"
# Debian's /usr/bin/pg_config is a wrapper; the program stands in its own bindir.
pg_config=$("$pg_config" --bindir)/pg_config
libraries=$DESTDIR$("$pg_config" --pkglibdir)
scripts=$DESTDIR$("$pg_config" --sharedir)/extension

# installed_files: every file that is ours there, whatever version installed it.
installed_files() {
    local file
    for file in "$libraries/health_crypto.so" "$scripts/health_crypto.control" "$scripts"/health_crypto--*.sql; do
        [ ! -e "$file" ] || printf '%s\n' "$file"
    done
}

# What a package brought is the package manager's to change.
refuse_packaged() {
    local file package
    [ -z "$DESTDIR" ] && command -v dpkg-query >/dev/null || return 0
    while read -r file; do
        package=$(dpkg-query --search "$file" 2>/dev/null | sed 's/: .*//') || continue
        [ -z "$package" ] || die "$file belongs to the Debian package $package: apt-get remove $package"
    done < <(installed_files)
}
refuse_packaged

# Who must write there.
writer=()
if [ -z "$DESTDIR" ] && { [ ! -w "$libraries" ] || [ ! -w "$scripts" ]; }; then
    command -v sudo >/dev/null || die "$libraries is not writable: run as root"
    writer=(as_root)
fi

if [ "$action" = uninstall ]; then
    found=$(installed_files)
    if [ -z "$found" ]; then
        say "there is no health_crypto in $libraries and $scripts"
        exit 0
    fi
    while read -r file; do
        "${writer[@]+"${writer[@]}"}" rm -f "$file"
        say "removed $file"
    done <<<"$found"
    say "databases in which it was created still have its schema: DROP EXTENSION health_crypto goes without these files, too"
    exit 0
fi

major=$("$pg_config" --version | sed 's/^PostgreSQL \([0-9]*\).*/\1/')
grep -q "^pg$major = " "$ROOT/Cargo.toml" || die "PostgreSQL $major ($pg_config) is not supported"
[ -f "$("$pg_config" --includedir-server)/postgres.h" ] ||
    die "the server headers of PostgreSQL $major are missing (Debian: postgresql-server-dev-$major)"
export PG_MAJOR=$major

"$ROOT/tools/setup.sh" build-packages cargo-pgrx
headers() { realpath "$("$1" --includedir-server)"; }
if system=$(system_pg_config) && [ "$(headers "$system")" = "$(headers "$pg_config")" ]; then
    # Built from the same headers as tests and benchmarks are, so what they have built already is used.
    cargo_env
else
    export PATH=$STATE/tools/bin:$PATH PGRX_HOME=${PGRX_HOME:-$STATE/pgrx-install} PGRX_PG_CONFIG_PATH=$pg_config
    mkdir -p "$PGRX_HOME"
    printf '[configs]\npg%s = "%s"\n' "$major" "$pg_config" >"$PGRX_HOME/config.toml.new"
    cmp -s "$PGRX_HOME/config.toml.new" "$PGRX_HOME/config.toml" || cp "$PGRX_HOME/config.toml.new" "$PGRX_HOME/config.toml"
fi
cd "$ROOT"
options=(--profile "$PROFILE" --no-default-features --features "pg$major")
if [ "$action" = build ]; then
    cargo_shared build --lib "${options[@]}"
elif [ -n "$DESTDIR" ]; then
    cargo pgrx package "${options[@]}" --pg-config "$pg_config" --out-dir "$DESTDIR"
else
    [ "${#writer[@]}" -eq 0 ] || options+=(--sudo)
    cargo pgrx install "${options[@]}" --pg-config "$pg_config"
    say "installed. In a database of encoding UTF8, as superuser: CREATE EXTENSION health_crypto;"
fi
