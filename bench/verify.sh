#!/usr/bin/env bash
# Measures what verifying costs against everything else that could do it. `make bench` runs it after bench/run.sh.
#
#     bench/verify.sh [--smoke] [--no-build] [--repetitions N] [--documents N] [--signatures N] [--sizes "N N N"] [--only PART]
#
# content     verify_all() over sealed, unsigned prescriptions, against GNU Health's check_digest() and one set-based SQL
#             query, on the same rows
# signatures  verify_all() over prescriptions with distinct signatures (Ed25519, RSA-4096, P-256), against bare
#             verification in a loop, and against gpg --verify and sqv, a process a signature
# shares      two sessions with a share each, against one
# sizes       time a document and memory of a session, by the number of documents
# cold        the first verify() of a new connection
#
# Variants run in turn, and what counts are their ratios. Each is measured by the clock and by the processor time of the
# process that does the work, because on a shared machine the clock measures the others.
# With a GNU Health (HC_GNUHEALTH_VENV and the database that tests/gnuhealth/run.sh leaves behind), its tables are used;
# without, those of tests/fixtures, and check_digest() is left out.
# --smoke: tiny counts, for continuous integration: does it all still run, and do all agree?
# Raw values: target/bench/results.tsv (measure, variant, repetition, value), added to what is there.
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tools/lib.sh"
# shellcheck source=bench/lib.sh
. "$ROOT/bench/lib.sh"

smoke=no build=yes repetitions=5 documents=200000 signatures=20000 sample=2000 processes=200 connections=21
sizes="10000 100000 1000000" only=
while [ $# -gt 0 ]; do
    case $1 in
        --smoke)
            smoke=yes build=no repetitions=1 documents=60 signatures=9 sample=20 processes=3 connections=3 sizes="20 40"
            shift
            ;;
        --no-build) build=no && shift ;;
        --repetitions) repetitions=${2:?--repetitions needs a number} && shift 2 ;;
        --documents) documents=${2:?--documents needs a number} && shift 2 ;;
        --signatures) signatures=${2:?--signatures needs a number} && shift 2 ;;
        --sizes) sizes=${2:?--sizes needs numbers} && shift 2 ;;
        --only) only=${2:?--only needs a part} && shift 2 ;;
        *) sed -n '4s/^# *//p' "${BASH_SOURCE[0]}" >&2 && exit 2 ;;
    esac
done
wanted() { [ -z "$only" ] || [ "$only" = "$1" ]; }
divide() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", b ? a / b : 0 }'; }
# median MEASURE VARIANT [MEASURE VARIANT]: of the values, or of the quotients of both in each repetition.
median() {
    awk -F '\t' -v m="$1" -v v="$2" -v n="${3:-}" -v w="${4:-}" '
        $1 == m && $2 == v { a[$3] = $4 }
        $1 == n && $2 == w { b[$3] = $4 }
        END {
            for (i in a) x[++k] = n == "" ? a[i] : (b[i] ? a[i] / b[i] : 0)
            for (i = 2; i <= k; i++) for (j = i; j > 1 && x[j - 1] > x[j]; j--) { t = x[j]; x[j] = x[j - 1]; x[j - 1] = t }
            if (k) printf "%.3f", k % 2 ? x[(k + 1) / 2] : (x[k / 2] + x[k / 2 + 1]) / 2
        }' "$results"
}

# ------------------------------------------------------------------------------------------------------- the library

library "$build"
tool=$STATE/$profile/examples/signatures
# The whole workspace is named so that its dependencies are built with the same features as for the extension.
make_tool() {
    "$ROOT/tools/cargo.sh" build --profile "$profile" --workspace --no-default-features --features "pg$PG_MAJOR" \
        --example signatures
}

header "databases"
cluster_temporary bench-verify -c autovacuum=off -c checkpoint_timeout=1h -c max_wal_size=16GB -c shared_buffers=512MB \
    -c jit=off -c max_parallel_workers_per_gather=0
say "$("$PG_BIN/postgres" --version), $(nproc) processors"

venv=${HC_GNUHEALTH_VENV:-$STATE/gnuhealth/venv} dump=$STATE/gnuhealth/database.dump
if [ -x "$venv/bin/python" ] && [ -s "$dump" ]; then
    application=yes
    configuration=$home/trytond.conf
    printf '[database]\nuri = postgresql:///\npath = %s\n' "$home" >"$configuration"
else
    application=no
    say "no GNU Health: tables of tests/fixtures, and nothing of check_digest()"
fi
make_hospital() {
    createdb hospital
    if [ "$application" = yes ]; then
        pg_restore -d hospital --no-owner --exit-on-error "$dump"
        sql -d hospital -f "$here/hospital_gnuhealth.sql"
    else
        sql -d hospital -f "$ROOT/tests/fixtures/gnuhealth.sql" -f "$here/hospital.sql"
    fi
    sql -d hospital -v triggers=false -f "$here/plpgsql_trigger.sql" -f "$here/set_based.sql" -c 'VACUUM ANALYZE'
}
step "hospital" make_hospital
# sealed DATABASE COUNT: as many prescriptions, sealed by the extension. They are written before there is an extension and
# without the foreign keys' checks, which is what takes the time.
sealed() {
    createdb -T hospital "$1"
    PGOPTIONS='-c session_replication_role=replica' sql -d "$1" -c "CALL bench_prescribe(1, $2)" -c 'VACUUM ANALYZE'
    sql -d "$1" -o /dev/null -c 'CREATE EXTENSION health_crypto' -c 'SELECT health_crypto.protect_gnuhealth()' \
        -c 'VACUUM ANALYZE' -c "UPDATE gnuhealth_prescription_order SET state = 'validated'" -c 'VACUUM ANALYZE'
}

# timed DATABASE QUERY: sets `answer`, and the seconds that it took in a new session by the clock (`wall`) and in processor
# time (`processor`). What loads and plans is done before, by a query of the same kind on one document.
timed() {
    local out=$home/timed.$BASHPID
    {
        cat <<SQL
SET client_min_messages = warning;
SELECT count(*) FROM (SELECT (health_crypto.verify('prescription', (SELECT min(id) FROM gnuhealth_prescription_order))).ok) x \g /dev/null
SELECT pg_backend_pid() AS pid \gset
\setenv BACKEND :pid
\! awk '{ sub(/.*\)/, ""); print \$12 + \$13 }' /proc/\$BACKEND/stat
SELECT clock_timestamp() AS started \gset
$2 \g
SELECT extract(epoch FROM clock_timestamp() - :'started'::timestamptz);
\! awk '{ sub(/.*\)/, ""); print \$12 + \$13 }' /proc/\$BACKEND/stat
\! awk '/^RssAnon/ { print \$2 }' /proc/\$BACKEND/status
SQL
    } | psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$1" >"$out"
    { read -r before && read -r answer && read -r wall && read -r after && read -r memory; } <"$out"
    rm -f "$out"
    processor=$(awk -v a="$before" -v b="$after" 'BEGIN { printf "%.2f", (b - a) / 100 }')
}
# rate MEASURE VARIANT REPETITION COUNT: enters what timed() found, a second.
rate() {
    result "$1" "$2" "$3" "$(divide "$4" "$wall")"
    result "$1 by processor time" "$2" "$3" "$(divide "$4" "$processor")"
}
all_hold() { printf "SELECT count(*), count(*) FILTER (WHERE ok AND content = 'intact' AND signature = '%s') FROM health_crypto.verify_all('prescription')" "$1"; }

set_based="SELECT count(*), count(*) FILTER (WHERE document_digest = encode(sha512(convert_to(text, 'UTF8')), 'hex')) FROM bench_set_based"

# ---------------------------------------------------------------------------------------------------------- content

if wanted content; then
    forget content
    header "content: $documents sealed prescriptions"
    step "prescriptions" sealed content "$documents"
    sql -d content -f "$here/set_based_sealed.sql"
    check "texts that the set-based query gives otherwise" 0 "$(sql_value "SELECT count(*) FROM (
        SELECT b.id FROM bench_set_based b JOIN gnuhealth_prescription_order o USING (id)
         WHERE o.serializer IS DISTINCT FROM b.text) x" -d content)"
    if [ "$application" = yes ]; then
        # It does one repetition for each line that it is sent.
        coproc CHECK_DIGEST { "$venv/bin/python" -W ignore -B "$here/check_digest.py" "$configuration" content "$sample" 2>"$home/check_digest.log"; }
    fi
    for ((repetition = 1; repetition <= repetitions; repetition++)); do
        timed content "$(all_hold absent)"
        check "intact prescriptions" "$documents|$documents" "$answer"
        rate content verify_all "$repetition" "$documents"
        line="  $repetition of $repetitions: verify_all $(divide "$documents" "$wall") a second ($(divide "$documents" "$processor"))"
        timed content "$set_based"
        check "digests by the set-based query" "$documents|$documents" "$answer"
        rate content set_based "$repetition" "$documents"
        line+=", set-based query $(divide "$documents" "$wall") ($(divide "$documents" "$processor"))"
        timed content "SELECT count(*), count(*) FILTER (WHERE ok) FROM bench_set_based_sealed"
        check "sealed documents by the set-based query" "$documents|$documents" "$answer"
        rate content set_based_sealed "$repetition" "$documents"
        line+=", with the register $(divide "$documents" "$wall") ($(divide "$documents" "$processor"))"
        if [ "$application" = yes ]; then
            echo go >&"${CHECK_DIGEST[1]}"
            read -r wall processor <&"${CHECK_DIGEST[0]}" || { log_tail "$home/check_digest.log" && die "check_digest"; }
            rate content check_digest "$repetition" "$sample"
            line+=", check_digest $(divide "$sample" "$wall") ($(divide "$sample" "$processor"))"
            check "check_digest" "" ""
        fi
        say "$line"
    done
    [ "$application" = no ] || { eval "exec ${CHECK_DIGEST[1]}>&-" && wait "$CHECK_DIGEST_PID"; }
fi

# ------------------------------------------------------------------------------------------------------- signatures

if wanted signatures; then
    forget signatures && forget verify_signature
    header "signatures: $signatures"
    step "signing tool" make_tool
    make_signed() {
        local algorithms=(ed25519 rsa4096 p256) i
        sealed signed "$signatures"
        sql_value "SELECT document_digest FROM gnuhealth_prescription_order ORDER BY id" -d signed >"$home/digests"
        : >"$home/signatures.tsv"
        for i in 0 1 2; do
            awk -v i="$i" 'NR % 3 == i' "$home/digests" |
                "$tool" sign "${algorithms[i]}" "$home/${algorithms[i]}.asc" >>"$home/signatures.tsv"
            sql -d signed -v certificate="$(cat "$home/${algorithms[i]}.asc")" -o /dev/null <<<"
                SELECT health_crypto.import_certificate(:'certificate')"
        done
        sql -d signed -c 'CREATE TABLE bench_signature (algorithm text, digest text, signature text)' \
            -c "\copy bench_signature FROM '$home/signatures.tsv'" \
            -c "UPDATE gnuhealth_prescription_order o SET digital_signature = s.signature FROM bench_signature s
                 WHERE s.digest = o.document_digest" -c 'VACUUM ANALYZE'
    }
    step "signed prescriptions" make_signed
    # The sample that goes through processes: its files, and the keyrings of the two programs.
    gpg_home=$(mktemp -d /tmp/gnupg-XXXXXX)
    on_exit rm -rf "$gpg_home"
    gpg --homedir "$gpg_home" --batch --quiet --import "$home"/{ed25519,rsa4096,p256}.asc 2>/dev/null
    cat "$home"/{ed25519,rsa4096,p256}.asc >"$gpg_home/keyring.asc"
    shuf -n "$processes" --random-source=<(yes) "$home/signatures.tsv" | nl -w1 | while IFS=$'\t' read -r number _ digest block; do
        printf '%b' "$block" >"$gpg_home/$number.asc"
        printf '%s' "$digest" >"$gpg_home/$number.txt"
        sed -n '/^-----BEGIN PGP SIGNATURE/,$p' "$gpg_home/$number.asc" >"$gpg_home/$number.sig"
    done
    by_gpg() { for ((i = 1; i <= processes; i++)); do gpg --homedir "$gpg_home" --batch --quiet --trust-model always --verify "$gpg_home/$i.asc" 2>/dev/null || return 1; done; }
    by_sqv() { for ((i = 1; i <= processes; i++)); do sqv --keyring "$gpg_home/keyring.asc" "$gpg_home/$i.sig" "$gpg_home/$i.txt" >/dev/null 2>&1 || return 1; done; }
    for ((repetition = 1; repetition <= repetitions; repetition++)); do
        timed signed "$(all_hold valid)"
        check "signed prescriptions" "$signatures|$signatures" "$answer"
        rate signatures verify_all "$repetition" "$signatures"
        line="  $repetition of $repetitions: verify_all $(divide "$signatures" "$wall") a second ($(divide "$signatures" "$processor"))"
        read -r bare bare_processor openssl openssl_processor sequoia sequoia_processor < <("$tool" verify 1 "$home"/{ed25519,rsa4096,p256}.asc <"$home/signatures.tsv")
        result signatures bare "$repetition" "$bare"
        result "signatures by processor time" bare "$repetition" "$bare_processor"
        result signatures openssl "$repetition" "$openssl"
        result "signatures by processor time" openssl "$repetition" "$openssl_processor"
        result signatures sequoia "$repetition" "$sequoia"
        result "signatures by processor time" sequoia "$repetition" "$sequoia_processor"
        line+=", bare $bare ($bare_processor), in OpenSSL $openssl ($openssl_processor), through Sequoia $sequoia ($sequoia_processor)"
        # Framing, policy and certificates without the document's content.
        timed signed "SELECT count(*), count(*) FILTER (WHERE v.ok) FROM bench_signature s
            CROSS JOIN LATERAL health_crypto.verify_signature(s.digest, s.signature) v"
        check "valid signatures" "$signatures|$signatures" "$answer"
        rate signatures verify_signature "$repetition" "$signatures"
        line+=", verify_signature $(divide "$signatures" "$wall") ($(divide "$signatures" "$processor"))"
        for program in gpg sqv; do
            command -v "$program" >/dev/null || continue
            status=0
            # Processor time of children that have ended: user and system, in hundredths.
            before=$(awk '{ sub(/.*\)/, ""); print $14 + $15 }' /proc/$$/stat) began=$EPOCHREALTIME
            "by_$program" || status=$?
            wall=$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }')
            processor=$(awk -v a="$before" '{ sub(/.*\)/, ""); print ($14 + $15 - a) / 100 }' /proc/$$/stat)
            check "$program verifies" 0 "$status"
            rate signatures "$program" "$repetition" "$processes"
            line+=", $program $(divide "$processes" "$wall") ($(divide "$processes" "$processor"))"
        done
        say "$line"
    done
    for algorithm in ed25519 rsa4096 p256; do
        timed signed "SELECT count(*), count(*) FILTER (WHERE v.ok) FROM bench_signature s
            CROSS JOIN LATERAL health_crypto.verify_signature(s.digest, s.signature) v WHERE s.algorithm = '$algorithm'"
        check "valid signatures by $algorithm" "${answer%|*}" "${answer#*|}"
        rate verify_signature "$algorithm" 1 "${answer%|*}"
    done
    check "another payload's signatures" "$signatures" "$(sql_value "SELECT count(*) FROM bench_signature s
        CROSS JOIN LATERAL health_crypto.verify_signature(md5(s.digest), s.signature) v WHERE v.signature = 'wrong_subject'" -d signed)"
fi

# ----------------------------------------------------------------------------------------------------------- shares

share_of() { printf "SELECT count(*), count(*) FILTER (WHERE ok) FROM health_crypto.verify_all('prescription', now(), %s, %s)" "$1" "$2"; }
if wanted shares; then
    forget shares
    header "shares"
    sql_value "SELECT 1" -d content >/dev/null 2>&1 || step "prescriptions" sealed content "$documents"
    for ((repetition = 1; repetition <= repetitions; repetition++)); do
        timed content "$(share_of 1 1)"
        rate shares one "$repetition" "$documents"
        one=$wall one_processor=$processor
        began=$EPOCHREALTIME
        for share in 1 2; do
            (timed content "$(share_of "$share" 2)" && printf '%s %s %s\n' "$answer" "$wall" "$processor" >"$home/share.$share") &
        done
        wait
        read -r first wall processor <"$home/share.1"
        read -r second other_wall other_processor <"$home/share.2"
        check "documents of both shares" "$documents" $((${first%|*} + ${second%|*}))
        check "that hold" "$documents" $((${first#*|} + ${second#*|}))
        wall=$(awk -v a="$wall" -v b="$other_wall" 'BEGIN { print (a > b ? a : b) }')
        processor=$(awk -v a="$processor" -v b="$other_processor" 'BEGIN { print (a > b ? a : b) }')
        rate shares two "$repetition" "$documents"
        say "  $repetition of $repetitions: two sessions $(divide "$one" "$wall") times the rate of one; the longer share is 1 / $(divide "$one_processor" "$processor") of the work"
        # What this machine has for two sessions that share nothing but its processors.
        timed content "$set_based"
        rate shares "set_based, one" "$repetition" "$documents"
        for share in 1 2; do
            (timed content "$set_based" && printf '%s %s\n' "$wall" "$processor" >"$home/share.$share") &
        done
        wait
        read -r wall processor <"$home/share.1"
        read -r other_wall other_processor <"$home/share.2"
        wall=$(awk -v a="$wall" -v b="$other_wall" 'BEGIN { print (a > b ? a : b) }')
        processor=$(awk -v a="$processor" -v b="$other_processor" 'BEGIN { print (a > b ? a : b) }')
        rate shares "set_based, two" "$repetition" $((2 * documents))
    done
fi

# ------------------------------------------------------------------------------------------------------------ sizes

if wanted sizes; then
    forget sizes && forget memory
    header "sizes: $sizes"
    for size in $sizes; do step "$size prescriptions" sealed "size_$size" "$size"; done
    for ((repetition = 1; repetition <= repetitions; repetition++)); do
        line="  $repetition of $repetitions:"
        for size in $sizes; do
            timed "size_$size" "SELECT 1"
            before=$memory
            timed "size_$size" "$(all_hold absent)"
            check "intact of $size" "$size|$size" "$answer"
            rate sizes "$size" "$repetition" "$size"
            result "memory, kB" "$size" "$repetition" $((memory - before))
            line+=" $size: $(awk -v s="$processor" -v n="$size" 'BEGIN { printf "%.1f", 1000000 * s / n }') us of processor time a document, $((memory - before)) kB;"
        done
        say "$line"
    done
fi

# ------------------------------------------------------------------------------------------------------------- cold

if wanted cold; then
    forget cold
    header "cold: the first verify() of $connections connections"
    sql_value "SELECT 1" -d content >/dev/null 2>&1 || step "prescriptions" sealed content "$documents"
    first_key=$(sql_value "SELECT min(id) FROM gnuhealth_prescription_order" -d content)
    for ((repetition = 1; repetition <= connections; repetition++)); do
        for variant in 'verify' 'nothing'; do
            query="SELECT (health_crypto.verify('prescription', $first_key)).ok"
            [ "$variant" = verify ] || query="SELECT true"
            value=$(psql -X -q -A -t -d content -c '\timing on' -c "$query" | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p')
            result "cold, ms" "$variant" "$repetition" "$value"
        done
    done
    say "  $(median 'cold, ms' verify) ms, of which $(median 'cold, ms' nothing) ms for any statement"
fi

if grep -E 'PANIC|terminated by signal' "$(cluster_log "$CLUSTER")"; then
    failed=$((failed + 1))
fi

# ---------------------------------------------------------------------------------------------------------- results

header "results"
[ "$smoke" = no ] || say "(smoke run: these figures mean nothing)"
# quotient TEXT MEASURE VARIANT OTHER: by the clock and by processor time.
quotient() {
    say "$1: $(median "$2" "$3" "$2" "$4") by the clock, $(median "$2 by processor time" "$3" "$2 by processor time" "$4") by processor time"
}
if wanted content; then
    [ "$application" = no ] || quotient "verify_all / check_digest, rate (60 wanted)" content verify_all check_digest
    quotient "set-based query / verify_all, rate (1.3 at most)" content set_based verify_all
fi
if wanted signatures; then
    quotient "bare verification / verify_all, rate (1.3 at most)" signatures bare verify_all
    quotient "through Sequoia / verify_all, rate" signatures sequoia verify_all
    quotient "verify_all / gpg, rate (30 wanted)" signatures verify_all gpg
    command -v sqv >/dev/null && quotient "verify_all / sqv, rate (15 wanted)" signatures verify_all sqv
fi
! wanted shares || quotient "two shares / one, rate (1.8 wanted)" shares two one
if wanted sizes; then
    for size in $sizes; do
        quotient "${sizes%% *} / $size documents, rate (1.2 at most)" sizes "${sizes%% *}" "$size"
    done
fi
say "checks: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
