#!/usr/bin/env bash
# Puts the sources of the older GNU Health releases of releases.txt below target/gnuhealth/releases, each in a directory
# named like "gnuhealth-crypto 3.4.0"; releases.py takes single functions out of them. Does nothing for those there.
#
#     tests/gnuhealth/releases.sh PYTHON      a Python with pip, such as that of GNU Health's environment
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib.sh"

python=${1:?usage: tests/gnuhealth/releases.sh PYTHON}
home=$STATE/gnuhealth/releases
mkdir -p "$home"

# One call of pip for each, because several versions of one package are a conflict to it. It runs a package's setup to
# learn its metadata, and installs nothing.
fetch() {
    local line=$1 target=$2 place=$2.new
    rm -rf "$place"
    mkdir -p "$place/source"
    printf '%s\n' "$line" >"$place/requirement.txt"
    "$python" -m pip download --disable-pip-version-check --no-input --no-deps --no-binary :all: --require-hashes \
        -r "$place/requirement.txt" -d "$place" &&
        tar -xzf "$place"/*.tar.gz -C "$place/source" && mv "$place/source" "$target" && rm -rf "$place"
}

while read -r line; do
    case $line in '#'* | '') continue ;; esac
    requirement=${line%% *}
    target="$home/${requirement/==/ }"
    [ -d "$target" ] || step "source of ${requirement/==/ }" fetch "$line" "$target"
done <"$ROOT/tests/gnuhealth/releases.txt"
