# The Debian package in a clean Debian 12. Sourced by run.sh, with `deb` and `package`.
# shellcheck shell=bash disable=SC2154
#
# The clean Debian is a folder: what mmdebstrap makes from the mirror that apt uses here, with Debian's PostgreSQL. It
# is made once and kept below target/; each run works on a copy. Commands run in it with their own processes and mounts,
# which end with them.

header "clean Debian 12"
tools/setup.sh clean-root-packages
base=$home/base-$PG_MAJOR
make_base() {
    rm -rf "$base.new"
    mmdebstrap --variant=minbase --include="postgresql-$PG_MAJOR" bookworm "$base.new" "$(debian_mirror)"
    mv "$base.new" "$base"
}
[ -d "$base" ] || step "Debian 12 with PostgreSQL $PG_MAJOR" make_base
root=$place/root
cp -a "$base" "$root"

# in_root COMMAND...: as root in the clean Debian.
in_root() {
    # shellcheck disable=SC2016 # for the shell in there
    unshare --mount --pid --fork --kill-child bash -c '
        root=$1 && shift
        mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" && mount -t tmpfs tmpfs "$root/tmp" &&
            mount -t tmpfs tmpfs "$root/run" && mkdir -m 2775 "$root/run/postgresql" && chmod 1777 "$root/tmp" &&
            chroot "$root" chown postgres:postgres /run/postgresql &&
            mkdir "$root/tmp/source" && mount --bind "$root/../source" "$root/tmp/source" &&
            exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
                DEBIAN_FRONTEND=noninteractive "$@"' - "$root" "$@"
}
# What the package's own test reads, and the package: in the root at /tmp/source.
mkdir -p "$place/source"
cp -r README.md Cargo.toml debian tests tools "$place/source/"
cp "$deb" "$place/source/"

# root_list: all names with types, rights and owners, and what is in files; but for the books of Debian's tools (which
# packages there are, what was done when), of which only names that are ours count, and dpkg's names all.
root_list() {
    (
        cd "$root"
        local mounted='^\./(proc|dev|tmp|run)(/|$)' books='^\./var/(lib/apt|log|cache)/' dpkg='^\./var/lib/dpkg/'
        find . -xdev -printf '%p %y %m %u %g %l\n' | grep -vE "$mounted" |
            books=$books awk '$0 !~ ENVIRON["books"] || /health/' | sort
        find . -xdev -type f -print0 | grep -zvE -e "$mounted" -e "$books" -e "$dpkg" | sort -z | xargs -0 sha256sum
    )
}
# dpkg keeps the list of before as well, from the first time that it changes.
touch "$root/var/lib/dpkg/status-old"
root_list >"$place/before"
check "before, there is no extension" no \
    "$(holds test -e "$root/usr/share/postgresql/$PG_MAJOR/extension/health_crypto.control")"
# A block of the page, where the package lies.
in_root_follow() { status in_root sh -euc "cd /tmp/source && $(page "$1")"; }
check "apt-get install" 0 "$(in_root_follow deb_install)"
[ "$(says "^Setting up $package")" = yes ] || cat "$place/said"
root_list >"$place/between"
check "it brings the library, the control file, the SQL and documentation" \
    "$(dpkg-deb --contents "$deb" | awk '$1 ~ /^-/ { print $6 }' | sort)" \
    "$(diff "$place/before" "$place/between" | sed -n 's/^> \(\.[^ ]*\) f .*/\1/p' | grep -v '^./var/lib/dpkg/info/' | sort)"
check "CREATE EXTENSION and the README's quick start" 0 \
    "$(status in_root sh -c 'cd /tmp/source && debian/tests/quick-start')"
cat "$place/said"
check "make uninstall leaves a package's files alone" 1 \
    "$(status in_root env -C /tmp/source HC_STATE=/tmp/state \
        tools/install.sh --uninstall "/usr/lib/postgresql/$PG_MAJOR/bin/pg_config")"
check "and says whose they are" yes "$(says "belongs to the Debian package $package")"
check "apt-get remove" 0 "$(status in_root apt-get remove --yes "$package")"
root_list >"$place/after"
same "apt-get remove leaves nothing" "$place/before" "$place/after"
check "apt-get install again" 0 "$(in_root_follow deb_install)"
check "apt-get purge" 0 "$(in_root_follow deb_remove)"
root_list >"$place/after"
same "apt-get purge leaves nothing" "$place/before" "$place/after"
check "without PostgreSQL $PG_MAJOR the package is refused" 1 \
    "$(status in_root sh -c "dpkg --purge --force-depends postgresql-$PG_MAJOR && dpkg --install /tmp/source/*.deb")"
check "for that reason" yes "$(says "depends on postgresql-$PG_MAJOR")"
rm -rf "$root"
