# what: the agent's vDPA code on a device of user space: what can be made is listed; made, given to vhost_vdpa, removed
probe=/opt/nic-tests/nic-netlink-probe
device=/sys/bus/vdpa/devices/nic0
driver() { basename "$(readlink $device/driver || echo none)"; }

step "a kernel without vDPA says so"
contains "a refusal" "generic netlink family vdpa" "$(refuses $probe vdpa)"

step "what devices can be made on"
modprobe vduse
equals "the management devices" vduse "$($probe vdpa)"
$probe vduse nic0
contains "one that is not there" "mlx5_vdpa" "$(refuses $probe vdpa-make pci/0000:ff:1f.7 nic0)"

step "a device is made, with fewer queues where the driver does not take many"
$probe vdpa-make vduse nic0
test -d $device
contains "making it twice" "File exists" "$(refuses $probe vdpa-make vduse nic0)"
equals "its driver" none "$(driver)"
contains "a driver that is not there" "load the module vhost_vdpa" "$(refuses $probe vdpa-bind nic0 vhost)"

step "and given to vhost_vdpa"
modprobe vhost_vdpa
echo nic0 >/sys/bus/vdpa/drivers/vhost_vdpa/unbind
equals "its driver" none "$(driver)"
$probe vdpa-bind nic0 vhost
equals "its driver" vhost_vdpa "$(driver)"
equals "its driver_override" vhost_vdpa "$(cat $device/driver_override)"
wait_for 10 "its node is there" test -c /dev/vhost-vdpa-0 # without subsystem, and so nothing that udev knows
$probe vdpa-bind nic0 vhost # as it is

step "and removed"
$probe vdpa-remove nic0
test ! -e $device
$probe vdpa-remove nic0 # as it is
$probe vduse-end nic0
