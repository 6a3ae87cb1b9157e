# The bundle for PGXN, as PGXN's client installs it. Sourced by run.sh.
# shellcheck shell=bash disable=SC2154

header "bundle for PGXN"
tools/setup.sh clean-root-packages
tools/dist.sh
bundle=$STATE/dist/health_crypto-$version_of_ours.zip
check "docs/install.md names the bundle of this version" "health_crypto-$version_of_ours.zip" \
    "$(grep -o 'health_crypto-[0-9.]*\.zip' docs/install.md | sort -u)"
unzip -Z1 "$bundle" >"$place/bundle"
check "everything is in one directory of its name" "" \
    "$(grep -v "^health_crypto-$version_of_ours/" "$place/bundle" || true)"
check "META.json is at its top" yes "$(holds grep -qx "health_crypto-$version_of_ours/META.json" "$place/bundle")"
check "what only continuous integration needs is not in it" "" "$(grep "/\.ci/" "$place/bundle" || true)"
# What it shares with this checkout are cargo-pgrx and what is built already of the dependencies.
export HC_STATE=$STATE CARGO_TARGET_DIR=$STATE HC_PROFILE=quick
round pgxn pgxn_install pgxn_remove
unset HC_STATE CARGO_TARGET_DIR HC_PROFILE
