# what: the kernel makes virtual functions of the emulated card
# node: bare
equals "total VFs" 7 "$(sysfs $pf/sriov_totalvfs)"
step "four VFs, bound to igbvf"
echo 4 >/sys/bus/pci/devices/$pf/sriov_numvfs
for n in 0 1 2 3; do
    wait_for 10 "VF $n is bound to igbvf" is_bound "$(vf $n)" igbvf
    wait_for 10 "VF $n has a network interface" test -e "/sys/bus/pci/devices/$(vf $n)/net"
done
step "another count while there are some is refused"
refuses bash -c "echo 5 >/sys/bus/pci/devices/$pf/sriov_numvfs"
step "none again"
echo 0 >/sys/bus/pci/devices/$pf/sriov_numvfs
has_vfs 0
