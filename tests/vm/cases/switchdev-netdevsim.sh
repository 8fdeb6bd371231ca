# what: the agent's devlink and rtnetlink code on netdevsim: 64 VFs, legacy, switchdev with named representors, a broken reporter
# deadline: 300
probe=/opt/nic-tests/nic-netlink-probe
card=netdevsim/netdevsim1
settings=/sys/kernel/debug/netdevsim/netdevsim1
modprobe netdevsim
echo "1 1" >/sys/bus/netdevsim/new_device
wait_for 20 "udev has named the port" test -e /sys/class/net/eni1np1
echo 64 >$settings/max_vfs
echo 64 >/sys/bus/netdevsim/devices/netdevsim1/sriov_numvfs

step "what devlink tells"
contains "the devices" $card "$($probe devices)"
equals "the mode" legacy "$($probe mode $card)"
equals "a device that is not there" none "$($probe mode pci/0000:ff:1f.7)"
equals "the card at $pf, which has no devlink" none "$($probe mode pci/$pf)"
contains "the ports" "physical" "$($probe ports $card)"
contains "the parameters" true "$($probe parameter $card test1)"
$probe parameter $card max_macs 16
equals "a parameter that was set" 16 "$($probe parameter $card max_macs)"
equals "a parameter that mlx5 has" none "$($probe parameter $card flow_steering_mode)"
$probe offload "$(cat /sys/class/net/eni1np1/ifindex)"

step "every VF takes every setting that netdevsim has, and tells it"
card_index=$(cat /sys/class/net/eni1np1/ifindex)
for n in $(seq 0 63); do
    $probe vf "$card_index" "$n" mac "$(printf '02:00:00:00:01:%02x' "$n")" vlan "$((n + 1)),3" trust on spoofchk on \
        link_state disable rates "$((n + 1)),$((n + 1000))" >/dev/null
done
equals "VF 37" "mac 02:00:00:00:01:25
vlan 38 with qos 3
trust on
spoofchk on
link_state disable
min_tx_rate 38 Mbit/s
max_tx_rate 1037 Mbit/s" "$($probe vf "$card_index" 37 | grep -v guid)"
contains "VF 63" "mac 02:00:00:00:01:3f" "$($probe vf "$card_index" 63)"
contains "another tag" "vlan 38 (802.1ad)" "$($probe vf "$card_index" 37 vlan 38,0,802.1ad)"
contains "the kernel's refusal" "Invalid argument" "$(refuses $probe vf "$card_index" 64 trust on)"

step "64 representors come, with the names that the rules give them, and the port keeps its own"
mkdir -p /run/udev/rules.d
$probe rules netdevsim1 eni1np1 64 >/run/udev/rules.d/70-nic-agent-netdevsim1.rules
$probe reload-udev
index=$(cat /sys/class/net/eni1np1/ifindex)
$probe mode $card switchdev
equals "the mode" switchdev "$($probe mode $card)"
equals "representors" 64 "$($probe ports $card | grep -c pcivf)"
named() { [ "$($probe links | grep -cE '^[0-9]+ eni1np1_[0-9]+ pf0vf[0-9]+ ')" = 64 ]; }
wait_for 120 "udev has named the representors" named
equals "the port of VF 37" pf0vf37 "$($probe links | awk '$2 == "eni1np1_37" { print $3 }')"
equals "the port itself" "$index eni1np1" "$($probe links | awk '$2 == "eni1np1" { print $1, $2 }')"
contains "udev on a representor" NM_UNMANAGED=1 "$(udevadm info -q property /sys/class/net/eni1np1_37)"
lacks "udev on the port" NM_UNMANAGED "$(udevadm info -q property /sys/class/net/eni1np1)"

step "and back: the representors go"
$probe mode $card legacy
equals "the mode" legacy "$($probe mode $card)"
equals "representors" 0 "$($probe ports $card | grep -c pcivf || true)"
lacks "the interfaces" eni1np1_ "$($probe links)"

step "the mode before the VFs: they come with representors"
echo 0 >/sys/bus/netdevsim/devices/netdevsim1/sriov_numvfs
$probe mode $card switchdev
echo 2 >/sys/bus/netdevsim/devices/netdevsim1/sriov_numvfs
equals "representors of new VFs" 2 "$($probe ports $card | grep -c pcivf)"
contains "a refusal" "No such device" "$(refuses $probe mode netdevsim/netdevsim7 switchdev)"

step "a broken health reporter"
contains "the reporters" "dummy healthy 0 0" "$($probe health $card)"
echo Y >$settings/health/fail_recover
exec {news}< <(exec $probe listen)
read -r -t 10 -u "$news" || fail "the probe does not listen"
echo oops >$settings/health/break_health || true
read -r -t 20 -u "$news" heard
equals "the kernel's event" heard "$heard"
exec {news}<&-
contains "the reporters" "dummy error 1 0" "$($probe health $card)"
echo 1 >/sys/bus/netdevsim/del_device
