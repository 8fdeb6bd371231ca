# what: netdevsim gives devlink devices with an eswitch and health reporters
# node: bare
modprobe netdevsim
echo "1 2" >/sys/bus/netdevsim/new_device
contains "devlink dev" netdevsim/netdevsim1 "$(devlink dev)"
udevadm settle
test -e /sys/class/net/eni1np1
contains "eswitch" "mode legacy" "$(devlink dev eswitch show netdevsim/netdevsim1)"
echo 2 >/sys/bus/netdevsim/devices/netdevsim1/sriov_numvfs
devlink dev eswitch set netdevsim/netdevsim1 mode switchdev
contains "devlink port" "pcivf" "$(devlink port)"
devlink health show >/dev/null
echo 1 >/sys/bus/netdevsim/del_device
