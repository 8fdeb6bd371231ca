# Shell shared by every script of tests/: where things are, progress lines, logs, packages.
# Sourced, never run; the scripts that source it have `set -euo pipefail`.
# shellcheck shell=bash

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
logs=$repo/build/logs
export repo logs
mkdir -p "$logs"

# One line of progress: minutes and seconds since the script began, then the words.
say() { printf '[%2d:%02d] %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*"; }

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# The last lines of a log, indented, for a person who has just read that something failed.
show_tail() {
    printf '    the end of %s:\n' "${1#"$repo"/}"
    tail -n "${2:-30}" "$1" | cut -c1-300 | sed 's/^/    | /'
}

# logged NAME COMMAND...: runs it, in a shell of its own, with its output in build/logs/NAME.log; on failure shows the end of that.
logged() {
    local log=$logs/$1.log
    shift
    mkdir -p "$(dirname "$log")"
    if ("$@") >"$log" 2>&1 </dev/null; then return 0; fi
    show_tail "$log"
    return 1
}

# packages_in FILE: the package names in a list with one name a line and # comments.
packages_in() { sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$1"; }

missing_packages() {
    local package
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || echo "$package"
    done
}

need_root() { [ "$(id -u)" = 0 ] || die "$1 needs root"; }

apt_noninteractive() {
    DEBIAN_FRONTEND=noninteractive apt-get -y --no-install-recommends -o DPkg::Lock::Timeout=300 \
        -o Dpkg::Use-Pty=0 "$@"
}

# The package index is fetched at most once a run, and only when something has to be installed.
apt_update_once() {
    [ -z "${apt_updated:-}" ] || return 0
    logged apt-update apt_noninteractive update || die "cannot fetch the package index; is the machine offline?"
    apt_updated=1
}

# need_packages NAME...: installs what is missing, from the distribution this machine already uses.
need_packages() {
    local missing
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] || die "these packages are missing and only root can install them: ${missing[*]}"
    say "installing ${missing[*]}"
    apt_update_once
    logged apt-install apt_noninteractive install "${missing[@]}" || die "could not install: ${missing[*]}"
}

# need_build_dependencies: what debian/control asks for, and nothing written down twice.
need_build_dependencies() {
    (cd "$repo" && dpkg-checkbuilddeps) >"$logs/build-dependencies.log" 2>&1 && return 0
    need_root "installing the build dependencies of debian/control"
    say "installing the build dependencies that debian/control names"
    apt_update_once
    (cd "$repo" && logged apt-build-dep apt_noninteractive build-dep ./) ||
        die "could not install the build dependencies of debian/control"
}

# source_files [PATTERN...]: the project's files as git sees them, the ones not yet added too; without git, as the tree has them.
source_files() {
    if git -c safe.directory='*' -C "$repo" rev-parse --git-dir >/dev/null 2>&1; then
        git -c safe.directory='*' -C "$repo" ls-files --cached --others --exclude-standard -- "$@" | sort -u
    else
        (cd "$repo" && find . -type f -not -path './build/*' -printf '%P\n' | sort) | without_git "$@"
    fi | while IFS= read -r file; do
        [ ! -f "$repo/$file" ] || printf '%s\n' "$file"
    done
}

# The same patterns for a tree without git: '*.cpp' by name, 'folder' or 'file' by its place, ':!place' for all but that.
without_git() {
    local file pattern wanted
    while IFS= read -r file; do
        wanted=
        case "${1:-:!}" in ':!'*) wanted=1 ;; esac
        for pattern in "$@"; do
            # shellcheck disable=SC2254 # patterns they are
            case $pattern in
            ':!'*) case $file in ${pattern#:!} | ${pattern#:!}/*) wanted= ;; esac ;;
            *) case $file in $pattern | $pattern/*) wanted=1 ;; esac ;;
            esac
        done
        [ -z "$wanted" ] || printf '%s\n' "$file"
    done
}
