# what: the RDMA namespace mode is changed live, else waits for one reboot as an option of ib_core, and is given back
# deadline: 400

WORDS = """
option=/etc/modprobe.d/nic-agent-rdma.conf
mode_is() { rdma system show | says "netns $1"; }
ask_for() { printf '[rdma]\\nnetns_mode = "%s"\\n' "$1" | write_config; }
ask_for_none() { printf '[kubelet]\\nenabled = false\\n' | write_config; }
reasons() { property /org/nicagent1 Manager RebootReasons | jq length; }
reasons_are() { [ "$(reasons)" = "$1" ]; }
nothing_to_do() { nicctl plan | says 'Nothing to do.'; }
"""

LIVE = WORDS + """
modprobe rdma_rxe
ip link set $pf_name up
rdma link add rxe0 type rxe netdev $pf_name
mode_is shared

step "the live value is what is asked: nothing is written, nothing is noted"
ask_for shared
agent_started
wait_for 20 "the component is ready" status_says "network-namespace mode shared"
test ! -e $option
test ! -e /var/lib/nic-agent/rdma-netns.json

step "it is changed live"
ask_for exclusive
wait_for 20 "the mode is exclusive" mode_is exclusive
wait_for 5 "nothing is left to do" nothing_to_do
test ! -e $option
equals "reboot reasons" 0 "$(reasons)"
contains "the record" '"found":"shared"' "$(cat /var/lib/nic-agent/rdma-netns.json)"
contains "the node's state" '\\"rdmaMode\\":\\"exclusive\\"' "$(busctl --json=short call org.nicagent1 /org/nicagent1 org.nicagent1.Manager GetNodeState)"

step "and given back when nobody asks any more"
ask_for_none
wait_for 20 "the mode is shared" mode_is shared
wait_for 5 "the record is gone" test ! -e /var/lib/nic-agent/rdma-netns.json
"""

BUSY = WORDS + """
step "with another network namespace the kernel refuses: the option is written, and one reboot is asked for"
ip netns add pod
journal_mark
ask_for exclusive
wait_for 20 "the option is there" test -e $option
contains "the option" "options ib_core netns_mode=0" "$(cat $option)"
mode_is shared
wait_for 5 "a reboot is asked for" reasons_are 1
equals "RebootRequired" true "$(property /org/nicagent1 Manager RebootRequired)"
wait_for 5 "nicctl status says so" status_says "Reboot needed"
status_says "network-namespace mode shared instead of exclusive"
systemctl reload nic-agent.service
nicctl rescan --wait
equals "reboot reasons" 1 "$(reasons)"
equals "times that it was tried" 1 "$(agent_journal | grep -c 'set the RDMA network-namespace mode from shared to exclusive')"

step "apply tries again, and says why it does not help yet"
contains "the refusal" "other network namespaces" "$(refuses nicctl apply --wait)"
equals "reboot reasons" 1 "$(reasons)"

step "asked for no longer, the option goes and nobody asks for a reboot"
ask_for_none
wait_for 20 "the option is gone" test ! -e $option
wait_for 5 "no reboot is asked for" reasons_are 0
mode_is shared
ask_for exclusive
wait_for 20 "the option is there" test -e $option
sync
"""

REBOOTED = WORDS + """
step "after the reboot it is so from the start"
systemctl is-active --quiet nic-agent.service
modprobe rdma_rxe
wait_for 20 "the component is ready" status_says "network-namespace mode exclusive"
mode_is exclusive
equals "reboot reasons" 0 "$(reasons)"
nothing_to_do

step "and as it was found when nobody asks any more"
ask_for_none
wait_for 20 "the mode is shared" mode_is shared
wait_for 5 "the option is gone" test ! -e $option
wait_for 5 "the record is gone" test ! -e /var/lib/nic-agent/rdma-netns.json
agent_never_crashed
"""


def run(node):
    node.check(LIVE, 120)
    node.check(BUSY, 120)
    node.reboot()
    node.check(REBOOTED, 120)
