# what: GPUDirect RDMA with stand-ins for ib_core's registration and the NVIDIA driver: ready, stub build, CRC mismatch, name clash
# deadline: 300
modules=/lib/modules/$(uname -r)/updates
peer() { property /org/nicagent1 Manager PeerMemory; }
peer_says() { peer | says "$1"; }
# installed FOLDER MODULE...: these builds are what the kernel's tree has of them. Names and dependencies do not change with it:
# the index stays true.
installed() {
    local folder=$1 module
    shift
    for module in "$@"; do install -D -m 644 "/opt/nic-modules/$folder/$module.ko" "$modules/$module.ko"; done
}
auto() {
    write_config <<'END'
[gpudirect]
peer_memory = "auto"
END
}

step "without a GPU there is nothing to say"
auto
agent_started
wait_for 30 "the agent has settled" property_is /org/nicagent1 Manager Settled true
peer_says notApplicable || fail "$(peer)"

step "built without support: told before loading, and not loaded"
installed peer nic_ib_peer nvidia nvidia_peermem
depmod
installed stub nvidia nvidia_peermem
modprobe nic_ib_peer
modprobe nvidia
wait_for 20 "the stub is told" peer_says "built without peer memory support"
[ ! -e /sys/module/nvidia_peermem ] || fail "the stub was loaded"

step "another NVIDIA driver was installed since: the symbol and both versions are named"
rmmod nvidia
installed peer nvidia_peermem
installed other nvidia
modprobe nvidia
wait_for 20 "the mismatch is told" peer_says "nvidia_p2p_get_pages of nvidia"
[ ! -e /sys/module/nvidia_peermem ] || fail "it was loaded"

step "what fits is loaded and registers"
rmmod nvidia
installed peer nvidia
modprobe nvidia
wait_for 20 "nvidia_peermem is loaded" test -e /sys/kernel/mm/memory_peers/nv_mem/version
wait_for 20 "it is ready" peer_says '"ready"'
equals "the way" '"nvidia_peermem"' "$(peer | jq -c '.[0]')"

step "the other module is never loaded beside it"
installed peer nv_peer_mem
depmod
[ ! -e /sys/module/nv_peer_mem ] || fail "nv_peer_mem was loaded as well"
rmmod nvidia_peermem
modprobe nv_peer_mem
wait_for 20 "the older module is taken as it is" peer_says '"nv_peer_mem","ready"'
[ ! -e /sys/module/nvidia_peermem ] || fail "nvidia_peermem was loaded beside nv_peer_mem"
agent_never_crashed
