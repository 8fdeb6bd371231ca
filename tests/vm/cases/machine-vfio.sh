# what: a virtual function goes to vfio-pci behind the emulated IOMMU
# node: bare
modprobe vfio-pci
echo 1 >/sys/bus/pci/devices/$pf/sriov_numvfs
address=$(vf 0)
wait_for 10 "the VF is bound to igbvf" is_bound "$address" igbvf
echo vfio-pci >"/sys/bus/pci/devices/$address/driver_override"
echo "$address" >"/sys/bus/pci/devices/$address/driver/unbind"
echo "$address" >/sys/bus/pci/drivers_probe
is_bound "$address" vfio-pci
udevadm settle
group=$(basename "$(readlink "/sys/bus/pci/devices/$address/iommu_group")")
test -c "/dev/vfio/$group"
