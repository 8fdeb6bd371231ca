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
echo oops >$settings/health/break_health || true
contains "the reporters" "dummy error 1 0" "$($probe health $card)"
echo 1 >/sys/bus/netdevsim/del_device
