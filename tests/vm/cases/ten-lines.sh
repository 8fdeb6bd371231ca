# what: ten lines of TOML make four VFs, two on vfio-pci and two on igbvf
four_vfs
[ "$(wc -l <$config)" -le 10 ] || fail "more than ten lines"
agent_started
wait_for 20 "four VFs" has_vfs 4
for n in 0 1; do wait_for 20 "VF $n is on vfio-pci" is_bound "$(vf $n)" vfio-pci; done
for n in 2 3; do wait_for 20 "VF $n is on igbvf" is_bound "$(vf $n)" igbvf; done
wait_for 20 "the agent has settled" property_is /org/nicagent1 Manager Settled true
lacks "the journal" "no driver took it" "$(agent_journal)"

step "nothing is left behind: autoprobe is on, no driver_override stays on the VFs that the kernel's own driver has"
equals sriov_drivers_autoprobe 1 "$(sysfs $pf/sriov_drivers_autoprobe)"
for n in 2 3; do equals "driver_override of VF $n" "(null)" "$(sysfs "$(vf $n)/driver_override")"; done

step "and it is shown"
for n in 0 1; do
    group=$(basename "$(readlink "/sys/bus/pci/devices/$(vf $n)/iommu_group")")
    test -c "/dev/vfio/$group"
done
wait_for 5 "the card is ok on D-Bus" property_is "$(device_path $pf)" Device State '"ok"'
equals "NumVfs on D-Bus" 4 "$(property "$(device_path $pf)" PhysicalFunction NumVfs)"
wait_for 5 "the whole is ready" property_is /org/nicagent1 Manager State '"ready"'
nicctl wait --timeout 20
nicctl devices
nicctl device $pf
nicctl modules
agent_never_crashed
