# what: with reload = "when-safe" another build of igb on disk is told while a program stands in the way, then loaded by the agent, once, all put back
# deadline: 300
import lzma

MAGIC = b"~Module signature appended~\n"


def unpacked(data):
    return lzma.decompress(data) if data.startswith(b"\xfd7zXZ") else data


def unsigned(data):
    """A signature that does not fit is refused whatever the kernel insists on; none is not."""
    if not data.endswith(MAGIC):
        return data
    length = int.from_bytes(data[-len(MAGIC) - 4 : -len(MAGIC)], "big")
    return data[: -(len(MAGIC) + 12 + length)]


def run(node):
    node.check("""
        cp "$(modinfo -n igb)" /host/igb.of-kernel
        cp /sys/module/igb/notes/.note.gnu.build-id /host/igb.note""")
    build_id = (node.share / "igb.note").read_bytes()[16:]
    other = bytes(byte ^ 0xFF for byte in build_id)
    module = unsigned(unpacked((node.share / "igb.of-kernel").read_bytes()))
    assert module.count(build_id) == 1, "igb has no build id, or a packing that is not known here"
    (node.share / "igb.ko").write_bytes(module.replace(build_id, other))
    node.check("""
        running() { od -An -v -tx1 -j16 /sys/module/igb/notes/.note.gnu.build-id | tr -d ' \\n'; }
        findings() { property /org/nicagent1/module/igb Module Findings; }
        found() { findings | says "$1"; }
        runs() { [ "$(running)" = "$1" ]; }
        other=""" + other.hex() + """
        card() {
            local n
            for n in 0 1; do
                echo "$(vf $n) on $(driver_of "$(vf $n)")"
                vf_line $n
            done
            ip -j address show dev $pf_name | jq -c '.[0] | [.ifname, .mtu, ([.addr_info[] | select(.family == "inet") | .local])]'
        }
        card_is_as_before() { [ "$(card)" = "$before" ]; }
        modprobe rdma_rxe
        modprobe -a ib_uverbs
        echo 2 >/sys/bus/pci/devices/$pf/sriov_numvfs
        for n in 0 1; do wait_for 20 "VF $n is on igbvf" is_bound "$(vf $n)" igbvf; done
        ip link set $pf_name up mtu 4000
        ip link set $pf_name vf 0 mac 02:00:00:00:00:10
        ip link set $pf_name vf 1 mac 02:00:00:00:00:11 vlan 7 qos 3
        ip address add 192.0.2.1/24 dev $pf_name
        rdma link add soft0 type rxe netdev $pf_name
        before=$(card)
        write_config <<'TOML'
[kernel_modules]
required = ["ib_uverbs"]
reload = "when-safe"
TOML
        agent_started
        wait_for 30 "the agent has settled" property_is /org/nicagent1 Manager Settled true

        step "a program stands in the way: it is told, and nothing is done"
        nodes=(/dev/infiniband/uverbs*)
        exec {held}<>"${nodes[0]}"
        install -D -m 644 /host/igb.ko "/lib/modules/$(uname -r)/updates/igb.ko"
        depmod
        wait_for 20 "it is told" found "not loaded anew by itself"
        found "has /dev/infiniband/uverbs" || fail "the reason is not told: $(findings)"
        status_says "has /dev/infiniband/uverbs" || fail "the status does not tell"
        contains "the journal" "is not loaded anew" "$(agent_journal)"
        runs "$other" && fail "igb was reloaded all the same"
        [ ! -e /var/lib/nic-agent/reloads-tried.json ] || fail "a refusal was taken for a try"

        step "nothing stands in the way: the build on disk is loaded, and all is as before"
        exec {held}>&-
        nicctl verify || true
        wait_for 60 "the other build runs" runs "$other"
        wait_for 30 "the card is as before" card_is_as_before
        wait_for 20 "the record is gone" test ! -e /var/lib/nic-agent/reload.json
        contains "the tries" "$other" "$(cat /var/lib/nic-agent/reloads-tried.json)"

        step "what the kernel would not take is not unloaded for it"
        index=$(cat /sys/class/net/$pf_name/ifindex)
        echo 'blacklist igb' >/etc/modprobe.d/nic-igb.conf
        rm "/lib/modules/$(uname -r)/updates/igb.ko"
        depmod
        wait_for 20 "the blacklist is told" found "igb could not be loaded again: igb is blacklisted by /etc/modprobe.d/nic-igb.conf"
        contains "the refusal" "nic-igb.conf" "$(refuses nicctl reload-drivers --force igb)"
        equals "the interface" "$index" "$(cat /sys/class/net/$pf_name/ifindex)"
        agent_never_crashed""", 240)
