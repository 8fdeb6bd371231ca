# what: eight cards with all their VFs are brought up side by side; how long 1, 4 and 8 take, beside a shell loop's own writes
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
        took = seconds(node, policy(VFS, cards) + "nicctl reload; nicctl wait --timeout 200")
        print(f"{count} PFs with {VFS} VFs each: {took:.1f} s; the writes alone, one after another: {writes[count]:.1f} s")
        for card in cards:
            node.check(f"has_vfs {VFS} {card}; property_is $(device_path {card}) Device State '\"ok\"'")
            node.check(f"for n in {{0..{VFS - 1}}}; do is_bound $(vf $n {card}) igbvf; done")
        node.check(policy(0, CARD) + "nicctl reload; nicctl wait --timeout 200; has_vfs 0", deadline=300)
    node.check("agent_never_crashed")
