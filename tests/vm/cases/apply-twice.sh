# what: applying again changes nothing, and the plan says so
four_vfs
agent_started
wait_for 20 "the card is ok" property_is "$(device_path $pf)" Device State '"ok"'
steps() { busctl --json=short call org.nicagent1 /org/nicagent1 org.nicagent1.Manager Plan 'a{sv}' 0 | jq '.data[1] | length'; }
equals "steps of the plan" 0 "$(steps)"
before=$(for n in 0 1 2 3; do stat -c '%i %n' "/sys/bus/pci/devices/$(vf $n)/"; done)

step "apply, twice, and a restart: no driver or device event comes of it"
udevadm monitor --kernel --subsystem-match=pci >/run/pci-events &
monitor=$!
wait_for 10 "the monitor listens" grep -q KERNEL /run/pci-events
nicctl apply
nicctl apply
systemctl restart nic-agent.service
wait_for 20 "the card is ok again" property_is "$(device_path $pf)" Device State '"ok"'
udevadm settle
kill $monitor
lacks "the kernel's events" "$pf" "$(grep '^KERNEL\[' /run/pci-events || true)"
lacks "the kernel's events" 0000:01:1 "$(grep '^KERNEL\[' /run/pci-events || true)"
equals "the VFs" "$before" "$(for n in 0 1 2 3; do stat -c '%i %n' "/sys/bus/pci/devices/$(vf $n)/"; done)"

step "somebody else's doing is put right"
echo "$(vf 2)" >"/sys/bus/pci/devices/$(vf 2)/driver/unbind"
wait_for 10 "VF 2 is on igbvf again" is_bound "$(vf 2)" igbvf
agent_never_crashed
