# what: a module that does not exist is reported everywhere; the other modules and the VFs are there
four_vfs
sed -i 's/^required = .*/required = ["no_such_module", "vfio-pci", "ib_uverbs"]/' $config
journal_mark
agent_started
reported no_such_module
wait_for 20 "the module after it is loaded" test -e /sys/module/ib_uverbs
wait_for 20 "four VFs" has_vfs 4
wait_for 20 "the card is ok" property_is "$(device_path $pf)" Device State '"ok"'
equals "Loaded of ib_uverbs" true "$(property /org/nicagent1/module/ib_5fuverbs Module Loaded)"
equals "Loaded of no_such_module" false "$(property /org/nicagent1/module/no_5fsuch_5fmodule Module Loaded)"
lacks "the whole" '"ready"' "$(property /org/nicagent1 Manager State)"
nicctl modules
agent_never_crashed
