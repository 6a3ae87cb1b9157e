#!/usr/bin/env bash
# Makes the bundle for PGXN from the last commit: target/dist/health_crypto-VERSION.zip.
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT"

version=$(python3 -c 'import json; print(json.load(open("META.json"))["version"])')
[ -z "$(git status --porcelain)" ] || warn "note: what is not committed is not in the bundle"
"$ROOT/tools/setup.sh" pgxn-meta
# As committed, too: META.json of the bundle is what PGXN reads.
git show HEAD:META.json >"$STATE/META.json"
"$STATE/tools/bin/pgxn_meta" "$STATE/META.json" >/dev/null || die "META.json is not valid"
rm -f "$STATE/META.json"
mkdir -p "$STATE/dist"
bundle=$STATE/dist/health_crypto-$version.zip
# What export-ignore in .gitattributes names stays out.
git archive --format=zip --prefix="health_crypto-$version/" --output="$bundle" HEAD
say "${bundle#"$ROOT/"}"
