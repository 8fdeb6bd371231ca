# what: the D-Bus tree, its properties and signals; a user reads and may not apply
four_vfs
agent_started
wait_for 20 "the card is ok" property_is "$(device_path $pf)" Device State '"ok"'
card=$(device_path $pf)

step "busctl tree, introspect, get-property"
tree=$(busctl tree --list org.nicagent1)
contains "the tree" "$card" "$tree"
contains "the tree" "$(device_path "$(vf 3)")" "$tree"
contains "introspection" .NumVfs "$(busctl introspect org.nicagent1 "$card")"
contains "introspection" .Apply "$(busctl introspect org.nicagent1 /org/nicagent1)"
equals "VendorId" "q 32902" "$(busctl get-property org.nicagent1 "$card" org.nicagent1.Device VendorId)"
equals "Driver of VF 0" '"vfio-pci"' "$(property "$(device_path "$(vf 0)")" Device Driver)"
equals "PhysicalFunction of VF 0" "\"$card\"" "$(property "$(device_path "$(vf 0)")" VirtualFunction PhysicalFunction)"

step "busctl monitor sees a property change"
busctl monitor --json=short --match "type='signal',interface='org.freedesktop.DBus.Properties',path='$card'" org.nicagent1 \
    >/run/monitor 2>/run/monitor.err &
monitor=$!
wait_for 10 "the monitor listens" grep -q Monitoring /run/monitor.err
ip link set $pf_name mtu 1400
wait_for 5 "PropertiesChanged with Mtu" grep -q '"Mtu"' /run/monitor
kill $monitor
equals Mtu 1400 "$(property "$card" Device Mtu)"

step "a user reads"
runuser -u user -- busctl get-property org.nicagent1 "$card" org.nicagent1.Device Driver
runuser -u user -- busctl call org.nicagent1 /org/nicagent1 org.nicagent1.Manager Describe >/dev/null
runuser -u user -- busctl call org.nicagent1 /org/nicagent1 org.nicagent1.Manager Plan 'a{sv}' 0 >/dev/null
runuser -u user -- nicctl status

step "a user may not apply, force, configure or load"
manager="org.nicagent1 /org/nicagent1 org.nicagent1.Manager"
# shellcheck disable=SC2086 # three words
{
    refuses runuser -u user -- busctl call $manager Apply 'a{sv}' 0
    refuses runuser -u user -- busctl call $manager Apply 'a{sv}' 1 force b true
    refuses runuser -u user -- busctl call $manager SetConfiguration 'sssa{sv}' mine toml '' 0
    refuses runuser -u user -- busctl call $manager Reload 'a{sv}' 0
    refuses runuser -u user -- busctl call $manager LoadModules 'asa{sv}' 1 dummy 0
}
refuses runuser -u user -- nicctl apply
refuses test -e /sys/module/dummy

step "root may"
# shellcheck disable=SC2086
busctl call $manager Apply 'a{sv}' 0
agent_never_crashed
