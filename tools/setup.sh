#!/usr/bin/env bash
# Installs what building and testing need: Debian packages (only those missing), cargo-pgrx (into target/tools) and the
# private copy of PostgreSQL. Does nothing, and asks nobody, when all is there.
#
#     tools/setup.sh [packages|cargo-pgrx|postgres]...      (default: all three)
#     tools/setup.sh check-packages                         (what tools/check.sh needs besides; not asked by `make test`)
#     tools/setup.sh browser-packages                       (Chromium, for tests/report/run.sh --browser; neither is this)
#     tools/setup.sh build-packages                         (what building and installing need, and no test)
#     tools/setup.sh deb-packages                           (for tools/deb.sh: debhelper)
#     tools/setup.sh package-test-packages                  (for tests/packages/run.sh: lintian)
#     tools/setup.sh clean-root-packages                    (for tests/packages/run.sh --full: mmdebstrap, pgxnclient)
#     tools/setup.sh pgxn-meta                              (PGXN's validator of META.json, into target/tools)
#
# HC_NO_APT=1: install no packages, only say which are missing. HC_MATRIX=1: also what tools/matrix.sh needs.
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# ---- packages: name, and how to see that what it brings is there (so that another way of installing it is as good)

has_libclang() { compgen -G '/usr/lib/llvm-*/lib/libclang*.so*' >/dev/null || ldconfig -p 2>/dev/null | grep -q 'libclang[-.]'; }
has_openssl() { command -v pkg-config >/dev/null && pkg-config --exists 'openssl >= 3'; }
has_server() { local p && p=$(system_pg_config) && [ -x "$("$p" --bindir)/postgres" ]; }
has_server_dev() {
    local p && p=$(system_pg_config) && [ -f "$("$p" --includedir-server)/postgres.h" ] &&
        [ -x "$("$p" --pkglibdir)/pgxs/src/test/regress/pg_regress" ]
}
has_cron() { local p && p=$(system_pg_config) && [ -f "$("$p" --pkglibdir)/pg_cron.so" ]; }
has_venv() { python3 -c 'import ensurepip, venv' 2>/dev/null; }
has_c() { command -v cc >/dev/null && echo '#include <stdio.h>' | cc -E - >/dev/null 2>&1; }

# LLVM's programs must not be older than the LLVM that the compiler writes its coverage counters with.
llvm_of_rustc() { rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p'; }
missing_check_packages() {
    command -v sqlsmith >/dev/null || echo sqlsmith
    command -v "llvm-cov-$(llvm_of_rustc)" >/dev/null || echo "llvm-$(llvm_of_rustc)"
}

missing_browser_packages() {
    command -v chromium >/dev/null || echo chromium
    # To look into the printed PDF.
    command -v pdftotext >/dev/null || echo poppler-utils
    # Letters that are not Latin, as a hostile name may have.
    fc-list 2>/dev/null | grep -q DejaVuSans.ttf || echo fonts-dejavu-core
}

missing_deb_packages() {
    command -v dh >/dev/null || echo debhelper
    command -v dpkg-buildpackage >/dev/null || echo dpkg-dev
}

missing_package_test_packages() {
    command -v lintian >/dev/null || echo lintian
}

missing_clean_root_packages() {
    command -v mmdebstrap >/dev/null || echo mmdebstrap
    command -v pgxn >/dev/null || echo pgxnclient
    command -v unzip >/dev/null || echo unzip
}

# To build and install, nothing more.
missing_build_packages() {
    has_c || echo build-essential
    command -v make >/dev/null || echo make
    command -v pkg-config >/dev/null || echo pkg-config
    has_openssl || echo libssl-dev
    # pgrx reads PostgreSQL's headers with libclang.
    has_libclang || echo libclang-dev
    has_server || echo "postgresql-$PG_MAJOR"
    has_server_dev || echo "postgresql-server-dev-$PG_MAJOR"
}

missing_packages() {
    missing_build_packages
    # The demo and the tests sign with the real gpg.
    command -v gpg >/dev/null || echo gnupg
    # The core's tests also sign with Sequoia's.
    command -v sq >/dev/null || echo sq
    # bench/verify.sh measures against it.
    command -v sqv >/dev/null || echo sqv
    command -v python3 >/dev/null || echo python3
    has_venv || echo python3-venv
    # The reliability tests hold many sessions at once.
    psycopg_python >/dev/null || echo python3-psycopg2
    command -v setpriv >/dev/null || echo util-linux
    # The report is parsed by the HTML standard's rules; QR codes are drawn and scanned.
    /usr/bin/python3 -c 'import html5lib' 2>/dev/null || echo python3-html5lib
    command -v rsvg-convert >/dev/null || echo librsvg2-bin
    command -v zbarimg >/dev/null || echo zbar-tools
    # docs/reports.md verifies every night with it. Of other versions tests/reports says that it is not tested.
    [ "$PG_MAJOR" != 15 ] || has_cron || echo "postgresql-$PG_MAJOR-cron"
    # docs/reports.md has metrics for it.
    command -v prometheus-postgres-exporter >/dev/null || echo prometheus-postgres-exporter
    # For tools/matrix.sh only.
    [ "${HC_MATRIX:-0}" = 0 ] || command -v patchelf >/dev/null || echo patchelf
}

# Debian's package of the server makes and starts a cluster `main`, and starts other stopped ones. Both are stopped for
# the time of our call, by its documented setting and by policy-rc.d, and both files are taken away again.
keep_clusters_away() {
    local settings=/etc/postgresql-common/createcluster.d policy=/usr/sbin/policy-rc.d
    HC_SETTINGS_FILE=$settings/90-health_crypto-installing.conf
    on_exit as_root rm -f "$HC_SETTINGS_FILE"
    as_root mkdir -p "$settings"
    echo "create_main_cluster = false" | as_root tee "$HC_SETTINGS_FILE" >/dev/null
    if [ ! -e "$policy" ]; then
        on_exit as_root rm -f "$policy"
        as_root tee "$policy" >/dev/null <<'POLICY'
#!/bin/sh
# Of tools/setup.sh of health_crypto, while it runs: packages are installed without starting anything.
case $1 in postgresql* | prometheus*) exit 101 ;; esac
exit 0
POLICY
        as_root chmod 755 "$policy"
    fi
}

# packages LIST: LIST is a function that prints the names of those that are not there.
packages() {
    local missing list=$1
    missing=$("$list" | sort -u | tr '\n' ' ')
    missing=${missing% }
    [ -n "$missing" ] || return 0
    [ "${HC_NO_APT:-0}" = 0 ] || die "missing packages: $missing"
    command -v apt-get >/dev/null || die "missing, and there is no apt-get to install it: $missing"
    [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
        die "missing packages, which root must install: apt-get install --no-install-recommends $missing"
    as_root true || die "sudo does not let us install the missing packages: $missing"
    say "installing packages: $missing (log: ${LOGS#"$ROOT/"}/apt.log)"
    keep_clusters_away
    # shellcheck disable=SC2086 # a list of words
    if ! {
        as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get update &&
            as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
                apt-get install -y --no-install-recommends --no-upgrade $missing
    } >"$LOGS/apt.log" 2>&1 </dev/null; then
        log_tail "$LOGS/apt.log" >&2
        die "apt-get could not install: $missing"
    fi
    missing=$("$list" | sort -u | tr '\n' ' ')
    [ -z "$missing" ] || die "still missing after installation: $missing"
}

rust() {
    command -v cargo >/dev/null || die "Rust is missing: install a toolchain (1.95 or later) with rustup, https://rustup.rs"
    cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt
    cargo clippy --version >/dev/null 2>&1 || rustup component add clippy
}

# ---- cargo-pgrx, of the version that Cargo.toml asks of pgrx

cargo_pgrx() {
    [ -n "$PGRX_VERSION" ] || die "no line like 'pgrx = \"=X.Y.Z\"' in Cargo.toml"
    rust
    local tool=$STATE/tools/bin/cargo-pgrx
    [ "$("$tool" pgrx --version 2>/dev/null)" = "cargo-pgrx $PGRX_VERSION" ] && return 0
    say "building cargo-pgrx $PGRX_VERSION, once, two to three minutes (log: ${LOGS#"$ROOT/"}/cargo-pgrx.log)"
    # Without default features it cannot download PostgreSQL, which we never ask of it, and needs no TLS library.
    # It runs for seconds, so it is built the fast way. The directory is kept until it is done: an interrupted build goes on.
    if ! (cd "$STATE" && CARGO_TARGET_DIR=$STATE/tools/build CARGO_PROFILE_DEV_DEBUG=0 cargo install cargo-pgrx \
        --version "$PGRX_VERSION" --locked --no-default-features --debug --force --root "$STATE/tools") \
        >"$LOGS/cargo-pgrx.log" 2>&1 </dev/null; then
        log_tail "$LOGS/cargo-pgrx.log" >&2
        die "cargo-pgrx $PGRX_VERSION could not be built"
    fi
    rm -rf "$STATE/tools/build"
}

# ---- PGXN's own validator of META.json

PGXN_META_VERSION=0.7.0
pgxn_meta() {
    rust
    local tool=$STATE/tools/bin/pgxn_meta
    [[ "$("$tool" --version 2>/dev/null)" == *" $PGXN_META_VERSION" ]] && return 0
    say "building pgxn_meta $PGXN_META_VERSION, once, a minute (log: ${LOGS#"$ROOT/"}/pgxn-meta.log)"
    # It runs for a moment, so it is built the fast way.
    if ! (cd "$STATE" && CARGO_TARGET_DIR=$STATE/tools/build CARGO_PROFILE_DEV_DEBUG=0 cargo install pgxn_meta \
        --version "$PGXN_META_VERSION" --locked --debug --force --root "$STATE/tools") \
        >"$LOGS/pgxn-meta.log" 2>&1 </dev/null; then
        log_tail "$LOGS/pgxn-meta.log" >&2
        die "pgxn_meta $PGXN_META_VERSION could not be built"
    fi
    rm -rf "$STATE/tools/build"
}

[ $# -gt 0 ] || set -- packages cargo-pgrx postgres
for part in "$@"; do
    case $part in
        packages) packages missing_packages ;;
        check-packages) packages missing_check_packages ;;
        browser-packages) packages missing_browser_packages ;;
        build-packages) packages missing_build_packages ;;
        deb-packages) packages missing_deb_packages ;;
        package-test-packages) packages missing_package_test_packages ;;
        clean-root-packages) packages missing_clean_root_packages ;;
        pgxn-meta) pgxn_meta ;;
        cargo-pgrx) cargo_pgrx ;;
        postgres) private_postgres ;;
        *) die "no such part: $part; parts: see the head of tools/setup.sh" ;;
    esac
done
