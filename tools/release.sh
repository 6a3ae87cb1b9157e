#!/usr/bin/env bash
# Releases the version that Cargo.toml names: freezes its installation script and its update script, dates the
# changelogs, commits and tags. Pushes nothing.
#
#     tools/release.sh VERSION
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tools/released.sh
. "$ROOT/tools/released.sh"
cd "$ROOT"

version=${1:?usage: tools/release.sh VERSION}
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || die "not a version: $version"
[ "$(version_of_source)" = "$version" ] || die "Cargo.toml has version $(version_of_source)"
grep -q "\"version\": \"$version\"" META.json || die "META.json has another version"
grep -q "^## $version (not yet released)$" CHANGELOG.md || die "CHANGELOG.md has no line: ## $version (not yet released)"
grep -q "^health-crypto ($version-1) UNRELEASED;" debian/changelog ||
    die "debian/changelog does not begin with: health-crypto ($version-1) UNRELEASED;"
[ -z "$(git status --porcelain)" ] || die "there are changes that are not committed"
git rev-parse -q --verify "refs/tags/v$version" >/dev/null && die "there is a tag v$version"
released=sql/released/health_crypto--$version.sql
[ ! -e "$released" ] || die "$released exists"
last=$(released_versions | tail -n 1)
frozen=("released/${released##*/}")
if [ -n "$last" ]; then
    update=health_crypto--$last--$version.sql
    [ -f "sql/$update" ] || die "there is no sql/$update: nobody could update from $last"
    frozen+=("$update")
fi

tools/build.sh
private_postgres
mkdir -p sql/released
cp "$("$PG_BIN/pg_config" --sharedir)/extension/health_crypto--$version.sql" "$released"
freeze sql "${frozen[@]}"
sed -i "s/^## $version (not yet released)$/## $version ($(date +%Y-%m-%d))/" CHANGELOG.md
sed -i -e '1s/UNRELEASED/bookworm/' -e "0,/^ -- /s/^\\( -- .*>  \\).*/\\1$(date -R)/" debian/changelog
if ! tests/upgrade/run.sh --suite; then
    git checkout -q CHANGELOG.md debian sql
    rm -f "$released"
    [ -n "$last" ] || rm -f sql/released/SHA256SUMS
    die "nothing is released: an update is not what a fresh installation is"
fi
git add sql CHANGELOG.md debian
git commit -q -m "Release $version"
git tag -a "v$version" -m "health_crypto $version"
say "released $version: commit $(git rev-parse --short HEAD), tag v$version. Next: another version in Cargo.toml and META.json, and"
say "sql/health_crypto--$version--NEXT.sql, which is empty at first. Push both: git push --follow-tags"
