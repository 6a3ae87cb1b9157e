# shellcheck shell=bash
# What tools/demo.sh tells its story with: the server, gpg, headings, SQL that is shown and run, checks. To be sourced.
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

# shellcheck disable=SC2034 # demo.sh reads it
STAGE=$ROOT/tools/demo
DATABASE=hospital
CHECKS_PASSED=0 CHECKS_FAILED=0 FAILURES=()

# -------------------------------------------------------------------------------------------------------- the server

# server_start yes|no: a fresh cluster with an empty database; "yes" leaves it running if the story gets to its end.
server_start() {
    # Always: an unchanged tree takes two seconds, and an old library would tell an old story. It also installs what a
    # fresh machine lacks.
    step "building the extension (minutes the first time)" "$ROOT/tools/build.sh" || exit 1
    private_postgres
    if [ "$1" = yes ]; then
        server_stop
        SERVER_KEPT=no
        on_exit server_stop_unless_kept
        cluster_start demo
        cluster_use demo
    else
        cluster_temporary demo-check
    fi
    export PGDATABASE=$DATABASE
    sql_value "CREATE DATABASE $DATABASE TEMPLATE template0 ENCODING 'UTF8'" -d postgres
}

# server_stop: stops and removes what server_start yes left.
server_stop() { cluster_stop demo; }
server_stop_unless_kept() { [ "$SERVER_KEPT" = yes ] || server_stop; }

# server_keep: leaves the server running, and says how to reach it.
server_keep() {
    SERVER_KEPT=yes
    say ""
    say "The server is left running. To look around (TABLE audit; TABLE health_crypto.register;):"
    say "  ${BOLD}tools/cluster.sh psql demo -d $DATABASE${PLAIN}"
    say "To close the gaps, there (11 stays stale until somebody writes it again: it is evidence):"
    say "  ${BOLD}SELECT * FROM health_crypto.protect_gnuhealth();${PLAIN}"
    say "To stop and remove the server:"
    say "  ${BOLD}make demo-stop${PLAIN}"
}

# ------------------------------------------------------------------------------------------------------------- paper

BOLD='' DIM='' RED='' GREEN='' BLUE='' PLAIN=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
    BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' GREEN=$'\e[32m' BLUE=$'\e[36m' PLAIN=$'\e[0m'
fi
SCENE=0
# Whether the last line is that of a check; checks in a row stand together.
AFTER_CHECK=no

title() { printf '%s%s%s\n' "$BOLD" "$1" "$PLAIN"; }

# scene HEADING EXPLANATION: a numbered heading and one line.
scene() {
    SCENE=$((SCENE + 1)) AFTER_CHECK=no
    printf '\n\n%s%d. %s%s\n  %s\n' "$BOLD" "$SCENE" "$1" "$PLAIN" "$2"
}

explain() {
    AFTER_CHECK=no
    printf '\n  %s\n' "$1"
}

# indented: what a program answers, without psql's name of its input and without blanks at the ends of lines.
indented() { sed -e 's/^psql:<stdin>:[0-9]*: //' -e 's/ *$//' -e 's/^\(..*\)/  \1/'; }

# --------------------------------------------------------------------------------------------------------------- SQL

# psql variables of the next statement that is shown: (-v name=value ...). They are used once.
VARIABLES=()

# as_role ROLE [psql arguments]: psql as one of the story's roles.
as_role() {
    psql -X -U "$1" -v ON_ERROR_STOP=1 -P pager=off -P footer=off "${@:2}"
}

# run ROLE FILE: a part that is not shown.
run() { as_role "$1" -q -f "$2" >/dev/null; }

# ask QUERY: the bare answer, as the DBA.
ask() { sql_value "$1"; }

# spoken ROLE TEXT: the statements, as typed at the role's prompt.
spoken() {
    local prompt="$1=> " line
    [ "$1" != postgres ] || prompt="$1=# "
    AFTER_CHECK=no
    printf '\n'
    while IFS= read -r line; do
        printf '  %s%s%s%s%s\n' "$DIM" "$prompt" "$PLAIN$BLUE" "$line" "$PLAIN"
        prompt=${prompt//?/ }
    done <<<"$2"
}

# show ROLE <SQL: shows the statements, runs them, shows what psql answers; leaves that in SHOWN.
show() {
    local text status=0
    text=$(cat)
    spoken "$1" "$text"
    SHOWN=$(as_role "$1" "${VARIABLES[@]+"${VARIABLES[@]}"}" -f - <<<"$text" 2>&1) || status=$?
    VARIABLES=()
    SHOWN=$(indented <<<"$SHOWN")
    printf '%s\n' "$SHOWN"
    # That a statement works is counted only when it does not; then the story ends, because the rest builds on it.
    if [ "$status" -ne 0 ]; then
        compare "scene $SCENE: these statements work" "psql status 0" "psql status $status" || report_checks
        exit 1
    fi
}

# show_folded ROLE <SQL: the same for one long value.
show_folded() {
    local text
    text=$(cat)
    spoken "$1" "$text"
    as_role "$1" -q -A -t -f - <<<"$text" | fold -s -w 96 | indented
}

# show_clearsigned TEXT: a clearsigned text, cut to what shows its shape.
show_clearsigned() {
    printf '\n  %s$ %sgpg --clearsign%s\n' "$DIM" "$PLAIN$BLUE" "$PLAIN"
    awk '/^-----BEGIN PGP SIGNATURE/ { body = 1; print; next }
         /^-----END/ { print "…"; body = 0 }
         !body { print (length($0) > 80) ? substr($0, 1, 64) "…" : $0 }' <<<"$1" | indented
}

# refused SQLSTATE CONSTRAINT ROLE <SQL: shows statements that must fail, and the error with the fields a client reads;
# leaves the error in REFUSAL.
refused() {
    local text status=0
    text=$(cat)
    spoken "$3" "$text"
    REFUSAL=$(as_role "$3" -q -v VERBOSITY=verbose "${VARIABLES[@]+"${VARIABLES[@]}"}" -f - <<<"$text" 2>&1) || status=$?
    VARIABLES=()
    REFUSAL=$(sed -e 's/^psql:<stdin>:[0-9]*: //' -e '/^LOCATION:/d' -e '/^CONTEXT:/d' <<<"$REFUSAL")
    printf '%s%s%s\n' "$RED" "$(fold -s -w 96 <<<"$REFUSAL" | indented)" "$PLAIN"
    check "the write is refused with $1 of $2" "3 $1 $2" \
        "$status $(sed -n 's/^ERROR: *\([0-9A-Z]\{5\}\):.*/\1/p' <<<"$REFUSAL") $(sed -n 's/^CONSTRAINT NAME: *//p' <<<"$REFUSAL")"
}

digest_of() { ask "SELECT document_digest FROM gnuhealth_prescription_order WHERE id = $1"; }

# --------------------------------------------------------------------------------------------------------------- gpg

declare -A FINGERPRINTS

# keyring_open: an empty gpg home for the time of the story. Its path is short because the socket of gpg's agent lies in
# it; the agent ends with it.
keyring_open() {
    command -v gpg >/dev/null || die "gpg is missing; run: make setup"
    GNUPGHOME=$(mktemp -d /tmp/hc-gpg.XXXXXX)
    export GNUPGHOME
    on_exit keyring_close
}
keyring_close() {
    gpgconf --kill all >/dev/null 2>&1 || true
    rm -rf "$GNUPGHOME"
}

gnupg() { gpg --batch --quiet --no-tty --yes --pinentry-mode loopback --passphrase '' "$@"; }

# make_key NAME USER_ID ALGORITHM: a key that signs, without passphrase.
make_key() {
    # The stranger takes a user id that exists already; gpg makes a second key of it because of --yes.
    FINGERPRINTS[$1]=$(gnupg --status-fd 1 --quick-generate-key "$2" "$3" sign never 2>/dev/null |
        sed -n 's/^\[GNUPG:\] KEY_CREATED . \([0-9A-F]*\).*/\1/p')
    [ -n "${FINGERPRINTS[$1]}" ] || die "gpg made no key"
}

fingerprint() { printf '%s\n' "${FINGERPRINTS[$1]}"; }
certificate() { gnupg --armor --export "${FINGERPRINTS[$1]}"; }

# clearsign NAME TEXT: what GNU Health's client makes of a digest.
clearsign() { printf '%s' "$2" | gnupg --local-user "${FINGERPRINTS[$1]}" --clearsign; }

# store_signature KEY NAME: signs a prescription as GNU Health's client does, without showing it.
store_signature() {
    as_role gnuhealth -q -v key="$1" -v signature="$(clearsign "$2" "$(digest_of "$1")")" <<'SQL'
UPDATE gnuhealth_prescription_order SET digital_signature = :'signature' WHERE id = :key;
SQL
}

# gpg_signer KEY: fingerprint of the signer of a stored signature, by gpg's own judgement.
gpg_signer() {
    ask "SELECT digital_signature FROM gnuhealth_prescription_order WHERE id = $1" |
        gnupg --status-fd 1 --verify 2>/dev/null | sed -n 's/^\[GNUPG:\] VALIDSIG \([0-9A-F]*\).*/\1/p'
}

# ------------------------------------------------------------------------------------------------------------ checks

# compare WHAT EXPECTED GOT: counts; when they differ says so, and status 1.
compare() {
    if [ "$2" = "$3" ]; then
        CHECKS_PASSED=$((CHECKS_PASSED + 1))
        return
    fi
    CHECKS_FAILED=$((CHECKS_FAILED + 1)) AFTER_CHECK=no
    FAILURES+=("$(printf '  ✗ %s\n      expected: %s\n      got:      %s' "$1" "$2" "$3")")
    printf '\n%s%s%s\n' "$RED$BOLD" "${FAILURES[-1]}" "$PLAIN"
    return 1
}

# check WHAT EXPECTED GOT: the same between the steps of the story; a failure does not end it.
check() {
    if compare "$@"; then
        [ "$AFTER_CHECK" = yes ] || printf '\n'
        printf '  %s✓ %s%s\n' "$GREEN" "$1" "$PLAIN"
        AFTER_CHECK=yes
    fi
}

# check_verdicts: every verdict of verify_all() against story(), and that there is no other.
check_verdicts() {
    local verdicts key content signature ok why
    verdicts=$(ask "SELECT key, content, signature, ok FROM health_crypto.verify_all()")
    printf '\n'
    while IFS='|' read -r key content signature ok why; do
        if compare "the verdict on prescription $key ($why)" "$key|$content|$signature|$ok" \
            "$(grep "^$key|" <<<"$verdicts" || true)"; then
            printf '  %s✓%s %2d  %-7s  %-13s  %s\n' "$GREEN" "$PLAIN" "$key" "$content" "$signature" "$why"
        fi
    done < <(story)
    compare "the number of verdicts" "$(story | wc -l)" "$(wc -l <<<"$verdicts")" || true
}

# report_checks: what failed, once more, and the count.
report_checks() {
    printf '\n'
    [ "$CHECKS_FAILED" -eq 0 ] || printf '%s%s%s\n' "$RED$BOLD" "$(printf '%s\n' "The story is not true:" "${FAILURES[@]}")" "$PLAIN"
    printf 'checks: %d passed, %d failed\n' "$CHECKS_PASSED" "$CHECKS_FAILED"
}
