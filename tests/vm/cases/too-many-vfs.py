# what: more VFs than the card has is an error of that card; the other card is configured all the same


def run(node):
    node.attach_card("card2", "rp2")
    node.check("""
        udevadm wait --timeout=20 /sys/class/net/enp2s0
        write_config <<'TOML'
[[sriov.policy]]
name = "greedy"
selectors = { pf_names = ["enp1s0"] }
num_vfs = 12
[[sriov.policy]]
name = "modest"
selectors = { pf_names = ["enp2s0"] }
num_vfs = 2
TOML
        journal_mark
        agent_started
        wait_for 20 "the other card has its VFs" has_vfs 2 0000:02:00.0
        reported "asks for 12 VFs"
        equals "VFs of the greedy one" 0 "$(sysfs $pf/sriov_numvfs)"
        equals "its state" '"failed"' "$(property "$(device_path $pf)" Device State)"
        wait_for 10 "the other is ok" property_is "$(device_path 0000:02:00.0)" Device State '"ok"'
        agent_never_crashed""")
