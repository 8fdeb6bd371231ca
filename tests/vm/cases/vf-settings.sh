# what: each VF has the settings that the policy gives it before its driver is bound; what igb cannot do is explained; drift is repaired
write_config <<END
[[sriov.policy]]
name = "workers"
selectors = { pf_names = ["$pf_name"] }
num_vfs = 3
vlan = 100
vlan_qos = 3
trust = true
spoofchk = false
[[sriov.policy.group]]
vfs = "0"
macs = ["02:00:00:00:00:10"]
vlan = 7
END
agent_started
wait_for 30 "the agent has settled" property_is /org/nicagent1 Manager Settled true
wait_for 10 "the card is ok" property_is "$(device_path $pf)" Device State '"ok"'

step "the kernel shows them"
ip link show "$pf_name"
for setting in "link/ether 02:00:00:00:00:10" "vlan 7" "trust on" "spoof checking off"; do contains "VF 0" "$setting" "$(vf_line 0)"; done
for n in 1 2; do
    for setting in "vlan 100, qos 3" "trust on" "spoof checking off"; do contains "VF $n" "$setting" "$(vf_line "$n")"; done
done
lacks "VF 1, for which no address was asked," "00:00:00:00:00:00" "$(vf_line 1)"

step "the VF's own interface read its address when it was bound"
own=$(ls "/sys/bus/pci/devices/$(vf 0)/net")
equals "the address of $own" 02:00:00:00:00:10 "$(cat "/sys/class/net/$own/address")"
derived=$(cat "/sys/class/net/$(ls "/sys/bus/pci/devices/$(vf 1)/net")/address")
contains "VF 1" "$derived" "$(vf_line 1)"

step "and D-Bus and nicctl show them"
settings=$(property "$(device_path "$(vf 0)")" VirtualFunction Settings)
contains "Settings" "02:00:00:00:00:10" "$settings"
contains "nicctl" "Vlan 7" "$(nicctl device "$(vf 0)")"

step "applying again does nothing"
journal_mark
nicctl apply --wait
lacks "the journal" " of VF " "$(agent_journal)"

step "what somebody else changes is put right, by the kernel's event alone"
ip link set "$pf_name" vf 2 vlan 0 trust off
wait_for 10 "the VLAN is back" vf_says 2 "vlan 100"
wait_for 10 "the trust is back" vf_says 2 "trust on"

step "another address takes a bound VF from its driver and binds it again"
sed -i 's/02:00:00:00:00:10/02:00:00:00:00:11/' $config
wait_for 20 "VF 0 has it" vf_says 0 "02:00:00:00:00:11"
wait_for 20 "its interface has it" grep -qx 02:00:00:00:00:11 /sys/bus/pci/devices/"$(vf 0)"/net/*/address

step "what the kernel refuses for igb is explained, and everything else is done"
sed -i 's/^spoofchk = false/spoofchk = true\nlink_state = "disable"/' $config
wait_for 20 "the card says why" property_is "$(device_path $pf)" Device State '"failed"'
contains "the status" "igb cannot set this for its VFs" "$(nicctl status || true)"
for n in 0 1 2; do wait_for 20 "spoof checking of VF $n" vf_says "$n" "spoof checking on"; done
for n in 0 1 2; do wait_for 10 "VF $n is on igbvf" is_bound "$(vf $n)" igbvf; done
sed -i '/^link_state/d' $config
wait_for 20 "the card is ok again" property_is "$(device_path $pf)" Device State '"ok"'

step "after the VFs are made anew they are the same again"
sed -i 's/num_vfs = 3/num_vfs = 2/' $config
wait_for 20 "two VFs" has_vfs 2
wait_for 20 "VF 1 has its VLAN" vf_says 1 "vlan 100"
wait_for 20 "VF 1 has a derived address, the same each time" vf_says 1 "$derived"
agent_never_crashed
