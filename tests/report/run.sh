#!/usr/bin/env bash
# The page of report_html(), read by the HTML standard's parser; how much memory it takes and how fast it is cancelled; codes of
# qr_svg(), drawn by librsvg and scanned by zbar.
#
#     tests/report/run.sh              what `make test` runs
#     tests/report/run.sh --browser    besides, the page in a real Chromium: what it asks for, at the width of a telephone and of a
#                                      desk, and printed. Pictures and PDF stay in target/report
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib.sh"
# shellcheck source=tests/lib.sh
. "$ROOT/tests/lib.sh"

here=$ROOT/tests/report
data=$ROOT/tests/pg_regress/data
work=$STATE/report
rm -rf "$work"
mkdir -p "$work"
telling=yes
# Where the Python tests' way of counting is.
export PYTHONPATH=$ROOT/tests/gnuhealth
yes() { if "$@"; then echo yes; else echo no; fi; }

cluster_temporary report
createdb hospital
export PGDATABASE=hospital PGOPTIONS='-c timezone=UTC' data fixtures=$ROOT/tests/fixtures
sql -c 'CREATE EXTENSION health_crypto'
sql -v fixtures="$fixtures" -v data="$data" -f "$fixtures/lived_in.sql" >/dev/null
# What the README shows.
sql -A -t -c "SELECT health_crypto.report_html('2026-04-01 00:00+00')" >"$work/small.html"
sql -v data="$data" -f "$here/setup.sql" >/dev/null

# ------------------------------------------------------------------------------------------------ the page

header "the page"
at='2026-04-01 00:00+00'
sql -A -t -c "SET ROLE ana_auditor; SELECT health_crypto.report_html('$at')" >"$work/page.html"
sql -A -t >"$work/expected.json" <<SQL
SELECT json_build_object(
    'documents', v.documents, 'failing', v.failing, 'gaps', (SELECT count(*) FROM health_crypto.protection_gaps()),
    'certificates', (SELECT count(*) FROM health_crypto.certificate c, health_crypto.certificate_description(c.certificate, '$at') d
                      WHERE d.expires < timestamptz '$at' + interval '90 days'),
    'hostile', (SELECT json_agg(h.value) FROM (
        SELECT value FROM hostile
      UNION ALL
        SELECT u FROM health_crypto.certificates, unnest(user_ids) u WHERE u ~ 'onerror|script') h))
  FROM (SELECT count(*) AS documents, count(*) FILTER (WHERE NOT ok) AS failing FROM health_crypto.verify_all(NULL, '$at')) v
SQL
status=0
/usr/bin/python3 "$here/page.py" "$work/page.html" "$work/expected.json" >"$work/page.log" || status=1
counted "$work/page.log"
check "page.py" 0 "$status"
# That these checks find what they should: each is a page with one thing wrong.
wrong() {
    sed "$2" "$work/page.html" >"$work/wrong.html"
    check "a page is spoilt: $1" differs "$(cmp -s "$work/page.html" "$work/wrong.html" && echo same || echo differs)"
    /usr/bin/python3 "$here/page.py" "$work/wrong.html" "$work/expected.json" >"$work/wrong.log" || true
    check "and that is found: $1" yes "$(yes grep -q "^FAILED: $1" "$work/wrong.log")"
}
wrong 'the page parses without an error' 's/<main>/<main><p <\/b>/'
wrong 'no element that loads or runs' 's/<main>/<main><script>1<\/script>/'
wrong 'no attribute that loads or runs' 's/<main>/<main onclick="1">/'
wrong 'the policy allows this style sheet' 's/max-width: 62rem/max-width: 63rem/'
wrong 'on the page as text' 's/&lt;script&gt;/<b>script<\/b>/g'

header "the summary"
check "lines of status() over 80 columns" 0 "$(psql -X -d hospital -c 'SELECT * FROM health_crypto.status()' | awk 'length($0) > 80' | wc -l)"
check "status() of notes and prescriptions" "(note,3520,3120,0,6) (prescription,8,6,1,0)" \
    "$(sql_value "SELECT string_agg(s::text, ' ' ORDER BY s.document COLLATE \"C\") FROM health_crypto.status() s WHERE document IN ('note', 'prescription')")"

# ------------------------------------------------------------------------------------------------ cost

header "memory and cancelling"
# memory_of: the backend's own memory after a report and, with what it has seen of the shared buffers, at its peak, in MB.
memory_of() {
    sql -A -t <<'SQL' | tail -n 1
SELECT length(health_crypto.report_html('2026-04-01 00:00+00')) > 0;
SELECT (regexp_match(pg_read_file('/proc/' || pg_backend_pid() || '/status'), 'RssAnon:\s*(\d+)'))[1]::int / 1024 || ' '
    || (regexp_match(pg_read_file('/proc/' || pg_backend_pid() || '/status'), 'VmHWM:\s*(\d+)'))[1]::int / 1024;
SQL
}
read -r small _ < <(memory_of)
sql -c "INSERT INTO note (id, body) SELECT 'many ' || n, 'not yet' FROM generate_series(1, 48000) n"
sql -c "UPDATE note SET digest = 'wrong' WHERE id LIKE 'many %'"
read -r large peak < <(memory_of)
say "    $small MB with 3,520 notes, $large MB with 51,520, of which 48,000 more do not hold (peak with shared buffers: $peak MB)"
check "memory for fifteen times the documents grew by 10 MB at most" yes "$(yes [ $((large - small)) -le 10 ])"
began=$(date +%s%N)
answer=$(PGOPTIONS='-c statement_timeout=50ms' psql -X -A -t -v VERBOSITY=sqlstate -c 'SELECT length(health_crypto.report_html())' 2>&1 || true)
took=$((($(date +%s%N) - began) / 1000000))
check "a report is cancelled" "ERROR:  57014" "$answer"
check "within a second of a timeout of 0.05 s ($took ms)" yes "$(yes [ "$took" -le 1050 ])"

# ------------------------------------------------------------------------------------------------ codes

header "codes"
# scanned DOCUMENT KEY: what a scanner reads from the code.
scanned() {
    sql -A -t -v document="$1" -v key="$2" <<<"SELECT health_crypto.qr_svg(:'document', :'key'::text)" >"$work/code.svg"
    rsvg-convert --dpi-x 300 --dpi-y 300 --output "$work/code.png" "$work/code.svg"
    zbarimg --nodbus --quiet --raw -S*.enable=0 -Sqrcode.enable=1 "$work/code.png"
}
expected_of() {
    sql -A -t -v document="$1" -v key="$2" <<SQL
SELECT 'HC1 ' || v.document || ' ' || left(health_crypto.signing_payload(v.document, v.key), 32) || ' ' || COALESCE(v.signer, '-')
       || ' ' || COALESCE(to_char(v.sealed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), '-') || ' ' || v.key
  FROM health_crypto.verify(:'document', :'key'::text) v
SQL
}
for code in 'prescription 1' 'prescription 3' 'measurement 5f0c1a52-0000-4000-8000-000000000001' 'note note 7'; do
    check "the code of $code" "$(expected_of "${code%% *}" "${code#* }")" "$(scanned "${code%% *}" "${code#* }")"
done
check "its form" "HC1 prescription … 1" "$(scanned prescription 1 | sed 's/[0-9a-f]\{32\} [0-9A-F]\{40\} 20[0-9-]*T[0-9:]*Z/…/')"
sql -c 'SELECT health_crypto.enable_triggers()' >/dev/null
long=$(printf 'k%.0s' $(seq 600))
sql -v key="$long" <<<"INSERT INTO note (id, body, state) VALUES (:'key', 'long', 'final')"
check "the code of a key of 600 characters" "$(expected_of note "$long")" "$(scanned note "$long")"

if [ "${1:-}" != --browser ]; then
    say "checks: $passed passed, $failed failed"
    [ "$failed" -eq 0 ]
    exit
fi

# ------------------------------------------------------------------------------------------------ a browser

header "in Chromium"
command -v chromium >/dev/null || die "no chromium; tools/setup.sh browser-packages installs it"
mkdir "$work/site"
cp "$work/page.html" "$work/site/page.html"
# The same page where its policy is not obeyed would ask for this, so that the log is seen to notice.
sed 's/<main>/<main><img src="asked.png">/; s/http-equiv="Content-Security-Policy"/name="none"/' "$work/page.html" >"$work/site/asks.html"
sed 's/<main>/<main><img src="forbidden.png"><script>document.title="ran"<\/script>/' "$work/page.html" >"$work/site/forbidden.html"
: >"$work/requests.log"
python3 "$here/serve.py" "$work/site" "$work/requests.log" "$work/port" 2>"$work/serve.log" &
server=$!
on_exit kill "$server"
for _ in $(seq 100); do [ -s "$work/port" ] && break || sleep 0.1; done
site=http://127.0.0.1:$(cat "$work/port")
# browser ARGUMENTS: Chromium without a profile, without whatever it does by itself on the network.
browser() {
    timeout 120 chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --user-data-dir="$work/profile" \
        --disable-background-networking --disable-component-update --disable-sync --hide-scrollbars --force-color-profile=srgb \
        --host-resolver-rules='MAP * ~NOTFOUND, EXCLUDE 127.0.0.1' --enable-logging=stderr "$@" 2>"$work/chromium.log"
}
browser --dump-dom "$site/page.html" >"$work/dom.html"
check "all that the page asks for" "GET /page.html" "$(sort -u "$work/requests.log" | grep -v favicon)"
check "it is shown to its end" yes "$(yes grep -q '<footer' "$work/dom.html")"
check "scripts in what the browser made of it" 0 "$(grep -o '<script' "$work/dom.html" | wc -l)"
check "complaints about its policy" 0 "$(grep -c 'Refused\|violates\|Content Security Policy' "$work/chromium.log")"
browser --dump-dom "$site/asks.html" >/dev/null
check "a page without the policy that asks for an image is noticed" yes "$(yes grep -q asked.png "$work/requests.log")"
browser --dump-dom "$site/forbidden.html" >"$work/forbidden.html"
check "the policy keeps an image out" 0 "$(grep -c forbidden.png "$work/requests.log")"
check "the policy keeps a script from running" 0 "$(grep -c '<title>ran' "$work/forbidden.html")"
browser --window-size=1280,2400 --screenshot="$work/desk.png" "$site/page.html"
cp "$work/small.html" "$work/site/small.html"
browser --window-size=1000,1300 --screenshot="$work/readme.png" "$site/small.html"
# Chromium makes no window narrower than 500 points, so the telephone is a frame.
printf '<!DOCTYPE html><style>body{margin:0}iframe{border:0;width:390px;height:3600px}</style><iframe src="page.html"></iframe>' >"$work/site/phone.html"
browser --window-size=500,3600 --screenshot="$work/phone.png" "$site/phone.html"
browser --print-to-pdf="$work/page.pdf" --no-pdf-header-footer "$site/page.html"
for picture in desk.png phone.png page.pdf; do check "target/report/$picture" yes "$(yes [ -s "$work/$picture" ])"; done
check "parts on paper" 4 \
    "$(pdftotext "$work/page.pdf" - | grep -c 'Documents that do not hold\|Gaps in the protection\|Certificates that expire\|Seals and signatures')"
check "what can only be opened on a screen, on paper" 0 "$(pdftotext "$work/page.pdf" - | grep -c 'The numbers\|By content and signature')"
say "checks: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
