# What the emulated node is given: the .deb of the present sources, and the test programs that run in it.
# Sourced after common.sh.
# shellcheck shell=bash

deb_folder=${repo:?}/build/deb
programs_folder=$repo/build/test-programs
# Test programs that the node's cases use; each is a CMake target of that name.
node_programs=(nic-kubelet-standin nic-plugin-standin nic-netlink-probe)
export CCACHE_BASEDIR=$repo CCACHE_NOHASHDIR=1

# A hash of what the package is made of; tests and words for people are not in it.
package_hash() {
    source_files ':!.ci' ':!*.md' ':!tests' | (cd "$repo" && xargs -d '\n' sha256sum) | sha256sum | cut -c1-32
}

package_file() { find "$deb_folder" -maxdepth 1 -name 'nic-agent_*.deb' -print -quit 2>/dev/null; }

# build_package: build/deb/nic-agent_VERSION_ARCH.deb, from a copy of the sources, unless it is there already. The tests are not
# run again: tests/run has run them on the same sources.
build_package() {
    local hash
    [ -f "$repo/debian/control" ] || die "there is no debian/control to build a package from"
    hash=$(package_hash)
    if [ "$(cat "$deb_folder/sources" 2>/dev/null)" = "$hash" ] && [ -n "$(package_file)" ]; then return 0; fi
    say "building the Debian package"
    rm -rf "$deb_folder"
    mkdir -p "$deb_folder/source"
    source_files | (cd "$repo" && xargs -d '\n' cp --parents -t "$deb_folder/source") || return 1
    # debhelper gives the build a home of its own, where ccache would find nothing.
    logged package env -C "$deb_folder/source" DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)" PATH="/usr/lib/ccache:$PATH" \
        CCACHE_DIR="$(ccache --get-config cache_dir 2>/dev/null)" dpkg-buildpackage -b -us -uc || return 1
    rm -rf "$deb_folder/source"
    echo "$hash" >"$deb_folder/sources"
}

# lint_package: lintian has neither errors nor warnings.
lint_package() {
    logged lintian lintian --allow-root --fail-on error,warning --info "$(find "$deb_folder" -name '*.changes' -print -quit)"
}

configure_dev() {
    [ -f "$repo/build/dev/build.ninja" ] || (cd "$repo" && logged configure-dev cmake --preset dev)
}

# build_programs: the test programs of the node, stripped, in NIC_AGENT_TEST_PROGRAMS or build/test-programs.
build_programs() {
    local program built
    if [ -n "${NIC_AGENT_TEST_PROGRAMS:-}" ]; then
        programs_folder=$NIC_AGENT_TEST_PROGRAMS
        return 0
    fi
    configure_dev || return 1
    logged build-programs cmake --build "$repo/build/dev" --target "${node_programs[@]}" || return 1
    mkdir -p "$programs_folder"
    for program in "${node_programs[@]}"; do
        built=$(find "$repo/build/dev" -type f -name "$program" -perm -u+x -print -quit)
        [ -n "$built" ] || die "the build made no $program"
        # strip writes the same bytes for the same program, so the saved machine that has it installed stays good.
        strip -o "$programs_folder/$program" "$built"
    done
}
