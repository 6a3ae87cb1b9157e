# What the benchmarks share. Sourced after tools/lib.sh.
#
# A result is a line of target/bench/results.tsv: measure, variant, repetition, value. What counts are ratios of values of
# one repetition: its runs followed each other within seconds and so met the same machine.
# shellcheck shell=bash
# shellcheck source=tests/lib.sh
. "$ROOT/tests/lib.sh"

here=$ROOT/bench
home=$STATE/bench
results=$home/results.tsv
mkdir -p "$home"
touch "$results"

# forget MEASURE...: takes away what an earlier run entered for these measures, and for those whose names begin like them.
forget() {
    local measure
    for measure in "$@"; do
        awk -F '\t' -v measure="$measure" 'index($1, measure) != 1' "$results" >"$results.new" && mv "$results.new" "$results"
    done
}

# result MEASURE VARIANT REPETITION VALUE
result() { printf '%s\t%s\t%s\t%s\n' "$@" >>"$results"; }

# library yes|no: the extension as a release, built first if yes; says whether its figures may be quoted. Sets
# `profile`, by which tools beside it are built.
library() {
    local release=$home/release.sha256
    header "library"
    private_postgres
    if [ "$1" = yes ]; then
        HC_PROFILE=release step "release build" "$ROOT/tools/build.sh"
        library_sum >"$release"
    fi
    [ -f "$("$PG_BIN/pg_config" --pkglibdir)/health_crypto.so" ] || die "the extension is not built; run: make build"
    if [ "$(cat "$release" 2>/dev/null)" = "$(library_sum)" ]; then
        profile=release
        say "release build: its figures may be quoted"
    else
        profile=$PROFILE
        say "the last build, perhaps not a release: do not quote its figures"
    fi
}
library_sum() { sha256sum <"$("$PG_BIN/pg_config" --pkglibdir)/health_crypto.so"; }

# hospital A|B|C...: databases with the hospital of hospital.sql: (A) without triggers, (B) with plpgsql_trigger.sql, (C)
# with the extension.
hospital() {
    local database
    for database in "$@"; do
        case $database in
            A)
                createdb A
                sql -d A -f "$ROOT/tests/fixtures/gnuhealth.sql" -f "$here/hospital.sql" -c 'VACUUM ANALYZE'
                ;;
            B)
                createdb -T A B
                sql -d B -v triggers=true -f "$here/plpgsql_trigger.sql"
                ;;
            C)
                createdb -T A C
                sql -d C -c 'CREATE EXTENSION health_crypto' -c 'SELECT * FROM health_crypto.protect_gnuhealth()'
                ;;
        esac
    done
}

# table MEASURE UNIT VARIANT...: a Markdown table of a measure's values, their medians, and the median of their ratios to
# the first variant within each repetition.
table() {
    local measure=$1 unit=$2
    shift 2
    awk -F '\t' -v measure="$measure" -v unit="$unit" -v list="$*" '
        $1 == measure { value[$2, $3] = $4; if ($3 > repetitions) repetitions = $3 }
        # Of the values of v, or of their ratios to those of w in the same repetition.
        function median(v, w,   n, i, j, t, a) {
            n = 0
            for (i = 1; i <= repetitions; i++)
                if (((v, i) in value) && (w == "" || value[w, i])) a[++n] = value[v, i] / (w == "" ? 1 : value[w, i])
            if (!n) return 0
            for (i = 2; i <= n; i++) for (j = i; j > 1 && a[j - 1] > a[j]; j--) { t = a[j]; a[j] = a[j - 1]; a[j - 1] = t }
            return n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2
        }
        function shown(x) { return x >= 100 ? sprintf("%d", x) : sprintf("%.3g", x) }
        END {
            if (!repetitions) exit
            k = split(list, variant, " ")
            printf "\n| %s, %s |", measure, unit; for (i = 1; i <= repetitions; i++) printf " %d |", i
            printf " median | of %s | least-most |\n|---|", variant[1]; for (i = 1; i <= repetitions + 3; i++) printf "---|"; print ""
            for (j = 1; j <= k; j++) {
                printf "| %s |", variant[j]
                least = most = value[variant[j], 1] + 0
                for (i = 1; i <= repetitions; i++) {
                    if (!((variant[j], i) in value)) { printf " |"; continue }
                    x = value[variant[j], i] + 0
                    printf " %s |", shown(x)
                    if (x < least) least = x
                    if (x > most) most = x
                }
                m = median(variant[j], "")
                printf " %s | %.2f | %d %% |\n", shown(m), median(variant[j], variant[1]), m ? 100 * (most - least) / m : 0
            }
            for (j = 2; j < k; j++) printf "\n%s / %s: %.2f\n", variant[k], variant[j], median(variant[k], variant[j])
        }' "$results"
}
