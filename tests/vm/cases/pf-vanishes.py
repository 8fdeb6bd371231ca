# what: a card is pulled in the middle of its configuration; the others are configured, and nothing crashes
CONFIG = """
write_config <<'TOML'
[[sriov.policy]]
name = "every-82576"
selectors = { vendors = ["8086"], devices = ["10c9"] }
num_vfs = 7
device_type = "vfio-pci"
TOML
"""
SECOND = "0000:02:00.0"


def run(node):
    node.attach_card("card2", "rp2")
    node.check("udevadm wait --timeout=20 /sys/class/net/enp2s0; journal_mark; agent_started; agent_pid >/run/agent.pid")
    # The agent sees the file change and sets to work; the card goes meanwhile.
    node.check(CONFIG)
    node.detach_card("card2")
    node.check(f"""
        wait_for 20 "the card is gone from D-Bus" gone_from_bus "$(device_path {SECOND})"
        wait_for 30 "the other has its VFs" has_vfs 7
        for n in 0 6; do wait_for 20 "VF $n is on vfio-pci" is_bound "$(vf $n)" vfio-pci; done
        wait_for 20 "the other is ok" property_is "$(device_path $pf)" Device State '"ok"'
        wait_for 10 "the journal tells of the lost one" journal_says {SECOND}
        equals "the agent's process" "$(cat /run/agent.pid)" "$(agent_pid)"
        agent_never_crashed""")
    node.attach_card("card2", "rp2")
    node.check(f"""
        wait_for 30 "it is configured when it comes back" has_vfs 7 {SECOND}
        wait_for 20 "and ok" property_is "$(device_path {SECOND})" Device State '"ok"'
        agent_never_crashed""")
