#!/usr/bin/env bash
# cargo with the environment pgrx needs and the flags of tools/build.sh, so that nothing is compiled twice:
#
#     tools/cargo.sh check
#     tools/cargo.sh clippy --all-targets -- -D warnings
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cargo_env
cd "$ROOT"
cargo_shared "$@"
