# what: a VF that the kubelet gave to a pod is not torn down and keeps what was told of it, until the pod is over
write_config <<END
[[sriov.policy]]
name = "workers"
selectors = { pf_names = ["$pf_name"] }
num_vfs = 2
vlan = 7
[[resource]]
name = "example.com/vf"
kind = "exclusive"
selectors = { root_devices = ["$pf"] }
END
kubelet_started
wait_for 10 "the kubelet listens" kubelet_listens
agent_started
wait_for 30 "the agent has settled" property_is /org/nicagent1 Manager Settled true
given=$(vf 1)
wait_for 20 "the kubelet sees the VFs" grep -q "$given" /run/kubelet.events
echo "allocate example.com/vf $given" >/run/kubelet.commands
wait_for 10 "it was given" grep -q '"event":"allocated"' /run/kubelet.events

step "it is in use, and whose it is is shown"
wait_for 10 "the VF is in use" property_is "$(device_path "$given")" VirtualFunction UsedBy '"the kubelet gave it to container app of pod default/worker-0"'

step "what the pod's network plugin says of it stays"
ip link set "$pf_name" vf 1 vlan 42
ip link set "$pf_name" vf 0 vlan 42
wait_for 10 "the other one is put right" vf_says 0 "vlan 7"
vf_says 1 "vlan 42"

step "it is not torn down"
sed -i 's/num_vfs = 2/num_vfs = 4/' $config
wait_for 10 "the card is protected" property_is "$(device_path $pf)" Device State '"protected"'
contains "the status" "pod default/worker-0" "$(nicctl status || true)"
has_vfs 2

step "when the pod is over, it is done"
echo "release example.com/vf $given" >/run/kubelet.commands
wait_for 10 "a look finds it free" eval 'nicctl rescan --wait && has_vfs 4'
wait_for 20 "it is the policy's again" vf_says 1 "vlan 7"
agent_never_crashed
