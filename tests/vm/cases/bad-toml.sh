# what: a broken file is named with line and column, and the last good configuration stays in force
four_vfs
agent_started
wait_for 20 "four VFs" has_vfs 4
wait_for 20 "the card is ok" property_is "$(device_path $pf)" Device State '"ok"'
generation=$(property /org/nicagent1 Manager ConfigGeneration)

step "the file breaks; the agent sees the change by itself"
journal_mark
printf '[[sriov.policy]]\nname = "workers\nnum_vfs = 2\n' >$config
reported nic-agent.toml:2
[ "$(property /org/nicagent1 Manager ConfigErrors | jq length)" -ge 1 ] || fail "ConfigErrors is empty"
equals ConfigGeneration "$generation" "$(property /org/nicagent1 Manager ConfigGeneration)"
equals VFs 4 "$(sysfs $pf/sriov_numvfs)"

step "the rest works on: a VF that loses its driver gets it back"
echo "$(vf 3)" >"/sys/bus/pci/devices/$(vf 3)/driver/unbind"
wait_for 10 "VF 3 is on igbvf again" is_bound "$(vf 3)" igbvf

step "reload says that it is wrong; a restart survives it"
refuses busctl call org.nicagent1 /org/nicagent1 org.nicagent1.Manager Reload 'a{sv}' 0
systemctl restart nic-agent.service
reported nic-agent.toml:2
equals "VFs after a restart" 4 "$(sysfs $pf/sriov_numvfs)"

step "and it is forgotten when the file is right again"
four_vfs
systemctl reload nic-agent.service
wait_for 10 "no errors" property_is /org/nicagent1 Manager ConfigErrors '[]'
wait_for 10 "the whole is ready" property_is /org/nicagent1 Manager State '"ready"'
agent_never_crashed
