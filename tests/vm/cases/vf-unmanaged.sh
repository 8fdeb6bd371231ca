# what: NetworkManager and systemd-networkd leave the VFs alone, until their PF has none any more; switchdev on igb is explained
rules=/run/udev/rules.d/70-nic-agent-$pf.rules
cat >/etc/systemd/network/50-all.network <<'NETWORK'
[Match]
Name=enp*

[Network]
LinkLocalAddressing=ipv6
NETWORK
systemctl start systemd-networkd.service
four_vfs
agent_started
wait_for 30 "the agent has settled" property_is /org/nicagent1 Manager Settled true
interface=$(ls "/sys/bus/pci/devices/$(vf 2)/net")
equals "the rules' own permissions" 644 "$(stat -c %a "$rules")"
wait_for 10 "udev has marked the VF" bash -c "udevadm info -q property /sys/class/net/$interface | grep -qx NM_UNMANAGED=1"
lacks "udev on the PF" NM_UNMANAGED "$(udevadm info -q property /sys/class/net/$pf_name)"
of_networkd() { networkctl --no-legend --no-pager list "$1" | awk '{ print $NF }'; }
has_state() { [ "$(of_networkd "$1")" = "$2" ]; }
wait_for 10 "networkd leaves the VF alone" has_state "$interface" unmanaged
lacks "networkd on the PF" unmanaged "$(of_networkd "$pf_name")"
contains "the plan" "Nothing to do" "$(nicctl plan)"

step "rules that somebody removed are written anew, without being asked"
rm "$rules"
wait_for 10 "the rules are back" test -e "$rules"

step "switchdev is refused with a reason that helps, once"
sed -i 's/^num_vfs = 4/num_vfs = 4\neswitch_mode = "switchdev"/' $config
wait_for 10 "the card is refused" status_says "its driver igb has no eswitch for devlink"
equals VFs 4 "$(sysfs $pf/sriov_numvfs)"
equals EswitchMode '""' "$(property "$(device_path $pf)" PhysicalFunction EswitchMode)"

step "without VFs there are no rules"
sed -i '/eswitch_mode/d; s/^num_vfs = 4/num_vfs = 0/; /policy.group/,/device_type/d' $config
wait_for 20 "the VFs are gone" has_vfs 0
wait_for 10 "the rules are gone" test ! -e "$rules"
agent_never_crashed
