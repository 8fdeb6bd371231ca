# what: eight cards with all their VFs are brought up side by side; how long 1, 4 and 8 take, beside a shell loop's own writes
# alone: it compares times
CARDS = 8
VFS = 7
CARD = [f"0000:{number:02x}:00.0" for number in range(1, CARDS + 1)]


def seconds(node, script):
    """How long the guest takes for it, by the guest's clock."""
    said = node.check(f"""
        began=$EPOCHREALTIME
        {script}
        echo "took $((${{EPOCHREALTIME/./}} - ${{began/./}}))" """, deadline=300)
    return int(said.rsplit("took ", 1)[1].split()[0]) / 1e6


def policy(num_vfs, cards):
    addresses = ", ".join(f'"{address}"' for address in cards)
    return f"""write_config <<'TOML'
[[sriov.policy]]
name = "all"
selectors = {{ root_devices = [{addresses}] }}
num_vfs = {num_vfs}
TOML
"""


# One line for each card's steps since the mark: when the first and the last of them was done, in microseconds. Cards and their
# VFs are known by their bus.
STEPS = """journalctl --no-pager -u nic-agent.service -o json | tail -n +$(($(cat /run/mark) + 1)) |
    jq -rs '[.[] | select(.NIC_STEP and .NIC_PCI) | {bus: .NIC_PCI[5:7], at: (.__MONOTONIC_TIMESTAMP | tonumber)}]
        | group_by(.bus)[] | "steps \\(.[0].bus) \\(map(.at) | min) \\(map(.at) | max)"'"""
MARK = "journalctl --no-pager -u nic-agent.service -o json | wc -l >/run/mark\n"


def side_by_side(node):
    """Every card's first step was done before any card's last one."""
    rows = [line.split()[2:] for line in node.check(STEPS).splitlines() if line.startswith("steps ")]
    if len(rows) != CARDS:
        raise AssertionError(f"the journal tells of steps on {len(rows)} cards, not {CARDS}")
    began, ended = max(int(row[0]) for row in rows), min(int(row[1]) for row in rows)
    print(f"the last card had its first step behind it {(ended - began) / 1e6:.1f} s before the first card was done")
    if began >= ended:
        raise AssertionError("a card was done before another had begun")


def run(node):
    writes = {}
    for number in range(2, CARDS + 1):
        node.attach_card(f"card{number}", f"rp{number}")
    node.check("modprobe igbvf\n" + "\n".join(
        f"wait_for 30 'card {card}' test -e /sys/bus/pci/devices/{card}/net" for card in CARD) + "\nudevadm settle")
    for count in (1, 4, CARDS):
        cards = CARD[:count]
        loop = "\n".join(f"echo {VFS} >/sys/bus/pci/devices/{card}/sriov_numvfs" for card in cards)
        writes[count] = seconds(node, loop)
        node.check("\n".join(f"echo 0 >/sys/bus/pci/devices/{card}/sriov_numvfs" for card in cards) + "\nudevadm settle")
    node.check(policy(0, CARD) + "agent_started; nicctl wait --timeout 60")
    for count in (1, 4, CARDS):
        cards = CARD[:count]
        node.check(MARK)
        took = seconds(node, policy(VFS, cards) + "nicctl reload; nicctl wait --timeout 200")
        print(f"{count} PFs with {VFS} VFs each: {took:.1f} s; the writes alone, one after another: {writes[count]:.1f} s")
        for card in cards:
            node.check(f"has_vfs {VFS} {card}; property_is $(device_path {card}) Device State '\"ok\"'")
            node.check(f"for n in {{0..{VFS - 1}}}; do is_bound $(vf $n {card}) igbvf; done")
        if count == CARDS:
            side_by_side(node)
        node.check(policy(0, CARD) + "nicctl reload; nicctl wait --timeout 200; has_vfs 0", deadline=300)
    node.check("agent_never_crashed")
