#!/usr/bin/env bash
# Builds the extension and installs it into the private PostgreSQL (never into the system's), where the clusters of
# tools/cluster.sh find it. Servers that run go on with the old library: reconnect.
#
#     tools/build.sh            with the profile of tests and demo
#     HC_PROFILE=release tools/build.sh
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

"$ROOT/tools/setup.sh"
cargo_env
cd "$ROOT"
features=pg$PG_MAJOR
# Where the tests can have a panic; refuses to compile in a release.
[ "$PROFILE" != quick ] || features+=,panic_points
cargo pgrx install --profile "$PROFILE" --pg-config "$PG_BIN/pg_config" --no-default-features --features "$features" \
    </dev/null
