#!/usr/bin/env bash
# Builds the Debian package with debhelper, from this checkout as it is, into target/deb.
#
#     tools/deb.sh                        a release, for PG_MAJOR (15)
#     HC_PROFILE=quick tools/deb.sh       the build of the tests, to test the packaging only
#
# Names who hands it out when DEBFULLNAME and DEBEMAIL are set, as Debian's tools do.
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT"
export HC_PROFILE=${HC_PROFILE:-release}

"$ROOT/tools/setup.sh" build-packages deb-packages cargo-pgrx postgres
version=$(sed -n '1s/^health-crypto (\([^-]*\)-.*/\1/p' debian/changelog)
[ "$version" = "$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)" ] ||
    die "debian/changelog has version $version, Cargo.toml another"

# Built in a copy, because debhelper writes into debian/ and dpkg-buildpackage beside the source. The copy keeps times and
# shares target/, so cargo builds again only what changed.
place=$STATE/deb
[ "$HC_PROFILE" = release ] || place+=-$HC_PROFILE
source=$place/health-crypto-$version
# One at a time.
exec 8>"$place.lock"
flock 8
rm -rf "$place"
mkdir -p "$source"
if git rev-parse --git-dir >/dev/null 2>&1; then
    git ls-files -z --cached --others --exclude-standard | { xargs -0 ls -d 2>/dev/null || true; } |
        tar --create --files-from - | tar --extract --directory "$source"
else
    tar --create --exclude ./target . | tar --extract --directory "$source"
fi
sed "s/PGVERSION/$PG_MAJOR/g" debian/control.in >"$source/debian/control"
if [ -n "${DEBFULLNAME:-}" ] && [ -n "${DEBEMAIL:-}" ]; then
    # In Perl, to which a name is no pattern.
    WHO="$DEBFULLNAME <$DEBEMAIL>" perl -pi -e 's/^Maintainer: .*/Maintainer: $ENV{WHO}/; s/^ -- .* <.*>  / -- $ENV{WHO}  /' \
        "$source/debian/control" "$source/debian/changelog"
fi

# -b: the binary package. -d: the Rust toolchain and another way of having a PostgreSQL are no Debian packages; what is
# missing, tools/setup.sh has said.
build() {
    cd "$source"
    HC_STATE=$STATE CARGO_TARGET_DIR=$STATE dpkg-buildpackage -b -us -uc -d --no-pre-clean
}
step "Debian package for PostgreSQL $PG_MAJOR, profile $HC_PROFILE" build 8>&-
package=$(compgen -G "$place/*.deb") || die "there is no package in $place"
say "${package#"$ROOT/"}"
