# what: a resource follows its VFs by events: unbound and bound again, in a pod's network namespace, without carrier, gone
# deadline: 300
SETUP = """
write_config <<'TOML'
[[sriov.policy]]
name = "workers"
selectors = { pf_names = ["enp1s0"] }
num_vfs = 3
on_drift = "observe"
[[resource]]
name = "example.com/one"
kind = "exclusive"
selectors = { pf_names = ["ENP1S0#0", "enp1s0#1"] }
[[resource]]
name = "example.com/rest"
kind = "exclusive"
keep_lost_seconds = 5
selectors = { root_devices = ["0000:01:00.0"], drivers = ["igbvf"] }
[[resource]]
name = "example.com/none"
kind = "exclusive"
device_class = "auxiliary"
selectors = { aux_types = ["sf"] }
TOML
ip link set $pf_name up
kubelet_started
agent_started
wait_for 30 "the agent has settled" property_is /org/nicagent1 Manager Settled true
"""

# Events until the kubelet knows; its own start and the bus take longer than a second under emulation.
FOLLOWS = """
step "several entries for one PF add up, and the first resource that matches has a VF"
wait_for 20 "VF 0 and 1" kubelet_has example.com/one 2
wait_for 5 "VF 2" kubelet_has example.com/rest 1
wait_for 5 "a resource with nothing in it is offered" kubelet_has example.com/none 0
contains "explain" "example.com/one, which stands before it in the configuration, has it" "$(nicctl explain "$(vf 0)" example.com/rest)"
contains "explain" "pf_names and root_devices select VFs" "$(nicctl explain $pf example.com/one)"

step "a VF without driver leaves, and comes when it is bound"
echo "$(vf 1)" >/sys/bus/pci/drivers/igbvf/unbind
wait_for 5 "only VF 0" kubelet_has example.com/one 1
contains "explain" "is not ready: no driver" "$(nicctl explain "$(vf 1)" example.com/one)"
echo "$(vf 1)" >/sys/bus/pci/drivers/igbvf/bind
wait_for 10 "both" kubelet_has example.com/one 2

step "a VF in a pod's network namespace stays, and is healthy"
ip netns add pod
ip link set "$(ls "/sys/bus/pci/devices/$(vf 0)/net")" netns pod
wait_for 10 "it is in use" property_is "$(device_path "$(vf 0)")" VirtualFunction UsedBy '"its network interface is in another network namespace"'
equals "healthy devices" 2 "$(kubelet_count example.com/one)"
lines=$(wc -l </run/kubelet.events)
systemctl restart nic-agent.service
wait_for 30 "both, told anew after a restart of the agent" eval \
    "tail -n +$((lines + 1)) /run/kubelet.events | jq -c 'select(.event == \\"devices\\" and .resource == \\"example.com/one\\") | .healthy' | tail -n 1 | grep -qx 2"
"""

DOWN = """
step "the card has no carrier: its VFs are unhealthy, with the reason"
wait_for 10 "nothing is healthy" kubelet_has example.com/one 0
contains "explain" "enp1s0 of its PF has no carrier" "$(nicctl explain "$(vf 1)" example.com/one)"
wait_for 5 "the status says so" status_says "has no carrier"
wait_for 5 "the journal says so" journal_says "is unhealthy: enp1s0 of its PF has no carrier"
"""

UP = """
step "and healthy again when it has been back for two seconds"
wait_for 15 "both" kubelet_has example.com/one 2
wait_for 5 "the journal says so" journal_says "is healthy again"
"""

LOST = """
step "a VF that somebody has and that loses its driver is unhealthy first, and leaves then"
moved=$(vf 2)
ip link set "$(ls "/sys/bus/pci/devices/$moved/net")" netns pod
wait_for 10 "it is in use" property_is "$(device_path "$moved")" VirtualFunction UsedBy '"its network interface is in another network namespace"'
journal_mark
echo "$moved" >/sys/bus/pci/drivers/igbvf/unbind
wait_for 10 "it is told as unhealthy" journal_says "$moved of example.com/rest is unhealthy: no driver"
capacity_is() { [ "$(jq -r 'select(.event == "devices" and .resource == "example.com/rest") | .capacity' /run/kubelet.events | tail -n 1)" = "$1" ]; }
wait_for 5 "it is in the kubelet's list still" capacity_is 1
wait_for 15 "and is not any more" capacity_is 0
ip netns del pod
agent_never_crashed
"""


def run(node):
    node.check(SETUP, 120)
    node.check(FOLLOWS, 180)
    node.ask("set_link", name="card1", up=False)
    node.check(DOWN)
    node.ask("set_link", name="card1", up=True)
    node.check(UP)
    node.check(LOST, 120)
