# A private view of the Debian archive, for what the machine's own apt configuration does not offer: on Debian 12 QEMU 8 or
# newer (igb with SR-IOV) and Linux 6.12 come from bookworm-backports. The mirror is the one the machine already uses, read
# from apt itself; sources and index live in a folder of ours, so the machine's configuration stays as it is.
# Sourced after common.sh.
# shellcheck shell=bash

# shellcheck disable=SC1091 # every Debian has it
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
case $codename in
bookworm) kernel_release=bookworm-backports ;;
trixie) kernel_release=trixie ;;
*) kernel_release= ;;
esac
export codename kernel_release

vm_cache=${NIC_AGENT_VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/nic-agent/vm}
private_apt=$vm_cache/apt
debian_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

need_known_release() {
    [ -n "$kernel_release" ] || die "the emulated node is built on Debian 12 (bookworm) or 13 (trixie); this is '$codename'"
}

# Lines "URI SUITE" of the Debian archives that this machine uses.
machine_archives() {
    # shellcheck disable=SC2016 # apt, not the shell, expands these
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(ORIGIN)' 'Created-By: Packages' |
        awk '$3 == "Debian" { print $1, $2 }' | sort -u
}

# The archive that carries the release itself carries its backports too.
machine_mirror() { machine_archives | awk -v suite="$codename" '$2 == suite { print $1; exit }'; }

private_apt_options() {
    printf '%s\n' -o "Dir::Etc::SourceList=$private_apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o "Dir::State::Lists=$private_apt/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
        -o DPkg::Lock::Timeout=300 -o APT::Sandbox::User=root -o Dpkg::Use-Pty=0
}

# sources.list lines for the machine's release; private_sources adds the backports where they are needed.
release_sources() {
    local uri suite
    machine_archives | while read -r uri suite; do
        case $suite in
        "$codename" | "$codename-updates" | "$codename-security")
            echo "deb [signed-by=$debian_keyring] $uri $suite main"
            ;;
        esac
    done
}

# Fetches the private index, once a run.
private_update() {
    [ -z "${private_updated:-}" ] || return 0
    local mirror
    need_known_release
    [ -n "$(machine_mirror)" ] || apt_update_once
    mirror=$(machine_mirror)
    [ -n "$mirror" ] || die "apt on this machine has no Debian archive for $codename (apt-get indextargets lists none)"
    mkdir -p "$private_apt/lists/partial"
    {
        release_sources
        [ "$kernel_release" = "$codename" ] || echo "deb [signed-by=$debian_keyring] $mirror $kernel_release main"
    } | sort -u >"$private_apt/sources.list"
    logged apt-private-update private_apt_get update ||
        die "cannot fetch the package index of $kernel_release; is the machine offline?"
    private_updated=1
}

private_apt_get() {
    local options
    mapfile -t options < <(private_apt_options)
    DEBIAN_FRONTEND=noninteractive apt-get -y --no-install-recommends "${options[@]}" "$@"
}

private_apt_cache() {
    local options
    mapfile -t options < <(private_apt_options)
    apt-cache "${options[@]}" "$@"
}

# private_depends RELEASE PACKAGE...: their direct dependencies there, one a line, real packages only.
private_depends() {
    local release=$1
    shift
    private_apt_cache -t "$release" depends --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances "$@" |
        awk '$1 == "Depends:" && $2 !~ /^</ { sub(/:any$/, "", $2); print $2 }' | sort -u
}

# Empty where there is no QEMU, which is no failure.
qemu_major() { { qemu-system-x86_64 --version 2>/dev/null || true; } | sed -n 's/^QEMU emulator version \([0-9]*\).*/\1/p'; }

# QEMU 8 or newer: from the release itself, on Debian 12 from its backports.
need_qemu() {
    local major
    major=$(qemu_major)
    [ "${major:-0}" -ge 8 ] && return 0
    need_root "installing qemu-system-x86 from $kernel_release"
    say "installing qemu-system-x86 from $kernel_release"
    private_update
    logged apt-qemu private_apt_get -t "$kernel_release" install qemu-system-x86 || die "could not install qemu-system-x86"
    major=$(qemu_major)
    [ "${major:-0}" -ge 8 ] || die "qemu-system-x86 is version ${major:-unknown}; igb with SR-IOV needs 8 or newer"
}
