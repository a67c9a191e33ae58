#!/usr/bin/env bash
# Runs ami-warden as its container does, without a container engine: in a root file system that holds nothing but the
# program, its libraries, certificates and a configuration, mounted read-only, as user 65532 without capabilities.
# It must write its ledger on a volume, and refuse to start where there is none.
#
#   test-read-only.sh path/to/ami-warden path/to/ami-warden-sim
#
# Needs root, or user namespaces (then it keeps the caller's user). Says so and leaves when there is neither.
set -euo pipefail

if [ "${1-}" != --inside ]; then
    program=$(realpath "$1") simulator=$(realpath "$2")
    if [ "$(id -u)" = 0 ]; then namespaces=(--mount); else namespaces=(--user --map-root-user --mount); fi
    if ! problem=$(unshare "${namespaces[@]}" mount -t tmpfs none /mnt 2>&1); then
        echo "skipped: no mount namespace for the read-only test here ($problem)"
        exit 0
    fi
    coproc SIMULATOR { exec "$simulator" --estate small; }
    simulator_pid=$SIMULATOR_PID
    trap 'kill "$simulator_pid" 2>/dev/null || true' EXIT
    read -r -t 20 -u "${SIMULATOR[0]}" endpoint
    unshare "${namespaces[@]}" "$0" --inside "$program" "$endpoint" "$(id -u)"
    exit
fi

program=$2 endpoint=$3 outer_user=$4
root=$(mktemp -d)
volume=$(mktemp -d)
trap 'umount -R -l "$root" 2>/dev/null && rmdir "$root"; rm -rf "$volume"' EXIT
if [ "$outer_user" = 0 ]; then
    # Changing to another user gives up all capabilities.
    as=(setpriv --no-new-privs --inh-caps=-all chroot --userspec=65532:65532 --groups= "$root")
    owner=65532
else
    as=(setpriv --no-new-privs --inh-caps=-all chroot "$root")
    owner=0
fi

mount -t tmpfs -o mode=0755 none "$root"
mkdir -p "$root"/{usr/local/bin,etc/ami-warden,etc/ssl,proc,dev,var/lib,home/nonroot}
touch "$root/usr/local/bin/ami-warden" "$root/etc/resolv.conf" "$root/etc/hosts"
mount --bind "$program" "$root/usr/local/bin/ami-warden"
if [ -d /etc/ssl/certs ]; then cp -rL /etc/ssl/certs "$root/etc/ssl/" 2>/dev/null || true; fi
echo "nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin" >"$root/etc/passwd"
for library in $(ldd "$program" | grep -o '/[^ )]*'); do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
done
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
cat >"$root/etc/ami-warden/ami-warden.toml" <<'CONFIGURATION'
mode = "observe"
[scope]
regions = ["us-east-1"]
CONFIGURATION

# What the image sets, and what an orchestrator adds.
warden() {
    env -i PATH="$PATH" HOME=/home/nonroot AMI_WARDEN_HTTP__LISTEN=0.0.0.0:0 AWS_REGION=us-east-1 AWS_ENDPOINT_URL="$endpoint" \
        AWS_ACCESS_KEY_ID=AKIA111111111111 AWS_SECRET_ACCESS_KEY=not-verified AWS_EC2_METADATA_DISABLED=true \
        "${as[@]}" /usr/local/bin/ami-warden "$@"
}
fail() { echo "failed: $*" >&2; [ ! -s "$volume/out" ] || sed 's/^/    /' "$volume/out" >&2; exit 1; }
# refuses WHAT WORDS: `run --once` must end with code 1 and say WORDS.
refuses() {
    local code=0
    warden run --once >"$volume/out" 2>&1 </dev/null || code=$?
    [ "$code" = 1 ] || fail "$1: exit code $code instead of 1"
    # Messages are wrapped for people, also within words.
    tr -d ' │\n' <"$volume/out" | grep -qF "$(tr -d ' ' <<<"$2")" || fail "$1: it does not say \"$2\""
    echo "ok: $1"
}

mount -o remount,ro,bind "$root"
if touch "$root/written" 2>/dev/null; then fail "the root file system is not read-only"; fi
refuses "without a volume it refuses and names the directory" 'no directory `/var/lib/ami-warden`'

mount -o remount,rw,bind "$root"
mkdir "$root/var/lib/ami-warden"
mount -o remount,ro,bind "$root"
refuses "on a read-only directory it refuses and asks for a writable volume" 'read-only; put it on a writable volume'

mkdir -m 0700 "$volume/ledger"
mount --bind "$volume/ledger" "$root/var/lib/ami-warden"
if [ "$outer_user" = 0 ]; then
    refuses "on a volume of another user it refuses and says whose it must be" 'no permission for the ledger'
fi
chown "$owner:$owner" "$volume/ledger"
warden run --once >"$volume/out" 2>&1 </dev/null || fail "with a volume: exit code $?"
[ -s "$volume/ledger/ledger.db" ] || fail "there is no ledger on the volume"
[ "$(stat -c %a "$volume/ledger/ledger.db")" = 600 ] || fail "others may read the ledger"
echo "ok: with a volume it makes a cycle and keeps its ledger there, for its owner only"
warden ledger list >"$volume/out" 2>&1 || fail "the ledger cannot be read beside the daemon"
grep -q . "$volume/out" || fail "the ledger holds no cycle"
echo "ok: the ledger tells of the cycle"
