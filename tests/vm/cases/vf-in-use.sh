# what: VFs that somebody uses are not torn down, are named, and go when that is forced
four_vfs
agent_started
wait_for 20 "the agent has settled" property_is /org/nicagent1 Manager Settled true
equals VFs 4 "$(sysfs $pf/sriov_numvfs)"

step "one VF's interface goes to another network namespace, another VF's group is held open"
moved=$(vf 2)
held=$(vf 0)
ip netns add pod
ip link set "$(ls "/sys/bus/pci/devices/$moved/net")" netns pod
group=$(basename "$(readlink "/sys/bus/pci/devices/$held/iommu_group")")
exec 9<>"/dev/vfio/$group"
sed -i 's/num_vfs = 4/num_vfs = 6/' $config
wait_for 10 "the card is protected" property_is "$(device_path $pf)" Device State '"protected"'
plan=$(nicctl plan)
contains "the plan" "$moved is in use: its network interface is in another network namespace" "$plan"
contains "the plan" "$held is in use: /dev/vfio/$group is held open by " "$plan"
contains "the status" "$moved is in use" "$(nicctl status || true)"
equals VFs 4 "$(sysfs $pf/sriov_numvfs)"

step "when they let go, it is done"
exec 9>&-
ip netns del pod
has_interface() { [ -n "$(ls "/sys/bus/pci/devices/$1/net")" ]; }
wait_for 20 "the interface is back" has_interface "$moved"
nicctl rescan --wait
wait_for 20 "six VFs" has_vfs 6

step "and with force it is done under a user's feet"
moved=$(vf 5)
wait_for 20 "the agent has settled" property_is /org/nicagent1 Manager Settled true
wait_for 20 "VF 5 is on igbvf" is_bound "$moved" igbvf
ip netns add pod
ip link set "$(ls "/sys/bus/pci/devices/$moved/net")" netns pod
sed -i 's/num_vfs = 6/num_vfs = 3/' $config
wait_for 10 "the card is protected" property_is "$(device_path $pf)" Device State '"protected"'
nicctl apply --wait --force --device $pf
wait_for 20 "three VFs" has_vfs 3
agent_never_crashed
