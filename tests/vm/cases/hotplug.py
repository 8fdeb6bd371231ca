# what: a second card is configured when it is plugged in, and everything of it goes when it is pulled
CONFIG = """
write_config <<'TOML'
[[sriov.policy]]
name = "every-82576"
selectors = { vendors = ["8086"], devices = ["10c9"] }
num_vfs = 2
device_type = "vfio-pci"
[[resource]]
name = "example.com/vfs"
kind = "exclusive"
selectors = { drivers = ["vfio-pci"], vendors = ["8086"] }
TOML
"""
SECOND = "0000:02:00.0"


def run(node):
    node.check(CONFIG + """
        kubelet_started
        agent_started
        wait_for 20 "two VFs" has_vfs 2
        wait_for 20 "the kubelet has two" kubelet_has example.com/vfs 2
        agent_pid >/run/agent.pid""")
    for _ in range(2):
        node.attach_card("card2", "rp2")
        node.check(f"""
            wait_for 20 "the new card is on D-Bus" on_bus "$(device_path {SECOND})"
            wait_for 20 "its VFs are there" has_vfs 2 {SECOND}
            for n in 0 1; do wait_for 20 "VF $n of it is on vfio-pci" is_bound "$(vf $n {SECOND})" vfio-pci; done
            wait_for 20 "the kubelet has four" kubelet_has example.com/vfs 4
            basename -a $(readlink /sys/bus/pci/devices/{SECOND}/virtfn*) >/run/second-vfs""")
        node.detach_card("card2")
        node.check(f"""
            wait_for 20 "the card is gone from D-Bus" gone_from_bus "$(device_path {SECOND})"
            for vf in $(cat /run/second-vfs); do wait_for 10 "its VF too" gone_from_bus "$(device_path "$vf")"; done
            wait_for 20 "the kubelet has two again" kubelet_has example.com/vfs 2
            lacks "nicctl devices" {SECOND} "$(nicctl devices)"
            equals "the first card's VFs" 2 "$(sysfs $pf/sriov_numvfs)"
            equals "the agent's process" "$(cat /run/agent.pid)" "$(agent_pid)"
            agent_never_crashed""")
