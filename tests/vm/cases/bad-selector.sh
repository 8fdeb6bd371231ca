# what: an unknown selector is an error with the nearest valid key; a selector that nothing matches harms nothing
four_vfs
agent_started
wait_for 20 "the card is ok" property_is "$(device_path $pf)" Device State '"ok"'
journal_mark

step "an unknown key"
sed -i 's/pf_names/pf_nmaes/' $config
reported pf_nmaes
reported pf_names
reported nic-agent.toml:3
equals VFs 4 "$(sysfs $pf/sriov_numvfs)"

step "a selector that no card matches, beside one that does"
four_vfs
cat >>$config <<'TOML'
[[sriov.policy]]
name = "elsewhere"
selectors = { pf_names = ["nowhere0"] }
num_vfs = 2
TOML
wait_for 10 "no errors" property_is /org/nicagent1 Manager ConfigErrors '[]'
wait_for 10 "the card is ok" property_is "$(device_path $pf)" Device State '"ok"'
equals VFs 4 "$(sysfs $pf/sriov_numvfs)"
agent_never_crashed
