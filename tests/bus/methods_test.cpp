// What changes something, and who may.
#include "bus/agent.hpp"
#include "bus/client.hpp"
#include "bus/private_bus.hpp"
#include "unit/dbus/machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

namespace nic::test {
namespace {

using testing::ElementsAre, testing::HasSubstr, testing::IsEmpty, testing::Pair;

constexpr unsigned kNobody = 65534;

Client::Fill options(const char* key, const char* type, auto value) {
  return [=](sd_bus_message* m) { sd_bus_message_append(m, "a{sv}", 1, key, type, value); };
}

struct Methods : testing::Test {
  PrivateBus bus;
  Agent agent{bus.address(), machine(), std::chrono::milliseconds{1500}};
  Client root{bus.address()};

  void SetUp() override {
    ASSERT_TRUE(agent.named) << agent.named.error().text();
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to be two users";
  }
  static auto is(const char* member) {
    return [=](const Seen& seen) { return seen.member == member; };
  }
};

TEST_F(Methods, ApplyMakesAJobThatIsThereWhenTheReplyIs) {
  const auto reply = root.manager("Apply", no_options);
  EXPECT_EQ(reply.error, "") << reply.message;
  EXPECT_EQ(reply.text(), "/org/nicagent1/job/1");
  EXPECT_EQ(root.get("/org/nicagent1/job/1", "org.nicagent1.Job", "Kind").text(), "apply");
  ASSERT_EQ(agent.on_loop([&] { return agent.applied; }).size(), 1U);
  EXPECT_EQ(agent.applied[0].caller_uid, 0U);
  EXPECT_FALSE(agent.applied[0].force);
}

TEST_F(Methods, ApplyHandsOnDevicesByAddressOrByObject) {
  const auto by_name = [](sd_bus_message* m) {
    sd_bus_message_append(m, "a{sv}", 2, "devices", "as", 1, "0000:3b:00.0", "force", "b", 1);
  };
  EXPECT_EQ(root.manager("Apply", by_name).error, "");
  const auto by_path = [](sd_bus_message* m) {
    sd_bus_message_append(m, "a{sv}", 1, "devices", "ao", 1, "/org/nicagent1/device/0000_3b_00_2");
  };
  EXPECT_EQ(root.manager("Apply", by_path).error, "");
  const auto applied = agent.on_loop([&] { return agent.applied; });
  ASSERT_EQ(applied.size(), 2U);
  EXPECT_THAT(applied[0].devices, ElementsAre(kPf));
  EXPECT_TRUE(applied[0].force);
  EXPECT_THAT(applied[1].devices, ElementsAre(kVf0));
}

Client::Fill release(const char* device, bool restore) {
  return [=](sd_bus_message* m) { sd_bus_message_append(m, "sa{sv}", device, 1, "restore", "b", restore ? 1 : 0); };
}

TEST_F(Methods, ReleaseTakesAnAddressOrAName) {
  EXPECT_EQ(root.manager("Release", release("ens1f0np0", true)).text(), "/org/nicagent1/job/1");
  // A card that was pulled is no object, and may have its record.
  EXPECT_EQ(root.manager("Release", release("0000:99:00.0", false)).error, "");
  EXPECT_EQ(root.manager("Release", release("nowhere0", false)).error, "org.nicagent1.Error.NotFound");
  EXPECT_EQ(root.manager("Release", release("", false)).error, "org.nicagent1.Error.InvalidArgument");
  const auto released = agent.on_loop([&] { return agent.released; });
  ASSERT_EQ(released.size(), 2U);
  EXPECT_EQ(released[0].device, kPf);
  EXPECT_TRUE(released[0].restore);
  EXPECT_EQ(released[1].device, pci("0000:99:00.0"));
  EXPECT_FALSE(released[1].restore);
}

TEST_F(Methods, RefuseOptionsThatTheyDoNotKnow) {
  auto reply = root.manager("Apply", options("forse", "b", 1));
  EXPECT_EQ(reply.error, "org.nicagent1.Error.InvalidArgument");
  EXPECT_THAT(reply.message, HasSubstr("forse"));
  reply = root.manager("Plan", options("force", "s", "yes"));
  EXPECT_EQ(reply.error, "org.nicagent1.Error.InvalidArgument");
  EXPECT_THAT(reply.message, HasSubstr("type b"));
  reply = root.manager("Apply", options("devices", "as", 0));
  EXPECT_EQ(reply.error, "");
  const auto wrong = [](const char* type, const char* text) {
    return [=](sd_bus_message* m) { sd_bus_message_append(m, "a{sv}", 1, "devices", type, 1, text); };
  };
  EXPECT_EQ(root.manager("Apply", wrong("as", "../../etc")).error, "org.nicagent1.Error.InvalidArgument");
  EXPECT_EQ(root.manager("Apply", wrong("ao", "/")).error, "org.nicagent1.Error.InvalidArgument");
  EXPECT_EQ(root.manager("Apply", wrong("as", "0000:99:00.0")).error, "org.nicagent1.Error.NotFound");
  EXPECT_EQ(agent.on_loop([&] { return agent.applied.size(); }), 1U);
}

TEST_F(Methods, GiveTheErrorsOfTheAgentTheirNames) {
  const std::map<model::Code, std::string> names{{model::Code::protected_, "Protected"},
                                                 {model::Code::busy, "Busy"},
                                                 {model::Code::stuck, "Stuck"},
                                                 {model::Code::unsupported, "NotSupported"},
                                                 {model::Code::timed_out, "TimedOut"},
                                                 {model::Code::internal, "Failed"},
                                                 {model::Code::no_space, "Failed"},
                                                 {model::Code::not_found, "NotFound"},
                                                 {model::Code::invalid, "InvalidArgument"},
                                                 {model::Code::denied, "NotAuthorized"}};
  for (const auto& [code, name] : names) {
    agent.on_loop([&] { agent.refuse = model::Error{code, 0, "create VFs on", "0000:3b:00.0", "do this"}; });
    const auto reply = root.manager("Apply", no_options);
    EXPECT_EQ(reply.error, "org.nicagent1.Error." + name);
    EXPECT_EQ(reply.message, "create VFs on 0000:3b:00.0: do this");
  }
}

TEST_F(Methods, PlanIsForEverybodyAndDoesNothing) {
  Client nobody{bus.address(), kNobody};
  ASSERT_TRUE(nobody.opened());
  const auto text = nobody.manager("Plan", options("force", "b", 1)).text();
  EXPECT_THAT(text, HasSubstr("load kernel module mlx5_ib"));
  EXPECT_THAT(text, HasSubstr("forced"));
  EXPECT_EQ(nobody.manager("Describe").error, "");
  EXPECT_EQ(nobody.tree().size(), 6U);
}

TEST_F(Methods, GetNodeStateIsForEverybodyAndFollowsTheMachine) {
  Client nobody{bus.address(), kNobody};
  ASSERT_TRUE(nobody.opened());
  auto state = nlohmann::json::parse(nobody.manager("GetNodeState").text());
  EXPECT_EQ(state["interfaces"][0]["Vfs"][1]["pciAddress"], "0000:3b:00.3");
  EXPECT_EQ(state["syncStatus"], "Succeeded");
  agent.change([](model::Snapshot& snapshot) {
    snapshot.functions[kPf].state = model::FunctionState::failed;
    snapshot.functions[kPf].text = "no memory";
  });
  state = nlohmann::json::parse(nobody.manager("GetNodeState").text());
  EXPECT_EQ(state["syncStatus"], "Failed");
  EXPECT_EQ(state["lastSyncError"], "0000:3b:00.0: no memory");
}

TEST_F(Methods, AJobTellsItsResultOnceAndGoes) {
  root.listen();
  root.manager("Apply", no_options);
  agent.finish(1, model::JobState::failed, model::system_error(ENOMEM, "create VFs on", "0000:3b:00.0"));
  const auto seen = root.until(is("JobRemoved"));
  std::vector<std::string> members;
  for (const auto& signal : seen) members.push_back(signal.member);
  EXPECT_THAT(members, ElementsAre("InterfacesAdded", "JobNew", "Finished", "InterfacesRemoved", "JobRemoved"));
  EXPECT_THAT(seen[2].texts, ElementsAre("failed"));
  EXPECT_THAT(seen[4].texts, ElementsAre("/org/nicagent1/job/1", "failed"));
  // The snapshot still has it for a while: it does not come back.
  agent.change([](model::Snapshot& snapshot) { snapshot.config_generation = 9; });
  EXPECT_FALSE(root.tree().contains("/org/nicagent1/job/1"));
  agent.change([](model::Snapshot& snapshot) { snapshot.jobs.clear(); });
  EXPECT_EQ(root.until([](const Seen& s) { return s.names.contains("ConfigGeneration"); }).size(), 1U);
}

TEST_F(Methods, AJobThatNobodySawTellsItsResultToo) {
  root.listen();
  agent.finish(7, model::JobState::done);
  const auto seen = root.until(is("JobRemoved"));
  EXPECT_EQ(seen.size(), 5U);
  EXPECT_THAT(seen.back().texts, ElementsAre("/org/nicagent1/job/7", "done"));
}

TEST_F(Methods, CancelEndsAJobWhileItsObjectIsAsked) {
  root.listen();
  root.manager("Apply", no_options);
  EXPECT_EQ(root.call("/org/nicagent1/job/1", "org.nicagent1.Job", "Cancel", no_options).error, "");
  EXPECT_THAT(agent.on_loop([&] { return agent.canceled; }), ElementsAre(1U));
  EXPECT_THAT(root.until(is("JobRemoved")).back().texts, ElementsAre("/org/nicagent1/job/1", "canceled"));
  EXPECT_EQ(root.call("/org/nicagent1/job/1", "org.nicagent1.Job", "Cancel", no_options).error,
            "org.freedesktop.DBus.Error.UnknownObject");
}

TEST_F(Methods, ConfigurationIsSetReadAndRemovedByLayer) {
  const auto set = [&](const char* layer, const char* format, const char* text) {
    return root.manager("SetConfiguration",
                        [=](sd_bus_message* m) { sd_bus_message_append(m, "sssa{sv}", layer, format, text, 0); });
  };
  const auto get = [&](const char* layer) {
    return root.manager("GetConfiguration", [=](sd_bus_message* m) { sd_bus_message_append(m, "sa{sv}", layer, 0); });
  };
  EXPECT_EQ(set("operator", "toml", "[agent]").number(), 4U);
  EXPECT_EQ(get("operator").text(), "[agent]");
  const auto wrong = set("operator", "toml", "num_vs = 4");
  EXPECT_EQ(wrong.error, "org.nicagent1.Error.InvalidConfiguration");
  EXPECT_THAT(wrong.message, HasSubstr("num_vfs"));
  EXPECT_EQ(set("../etc", "toml", "").error, "org.nicagent1.Error.InvalidArgument");
  EXPECT_EQ(set("", "toml", "").error, "org.nicagent1.Error.InvalidArgument");
  EXPECT_EQ(set("operator", "xml", "").error, "org.nicagent1.Error.NotSupported");
  const std::string huge(2U << 20U, '#');
  EXPECT_EQ(set("operator", "toml", huge.c_str()).error, "org.nicagent1.Error.InvalidArgument");
  EXPECT_EQ(get("operator").text(), "[agent]");
  EXPECT_EQ(get("other").error, "org.nicagent1.Error.NotFound");
  const auto remove =
      root.manager("RemoveConfiguration", [](sd_bus_message* m) { sd_bus_message_append(m, "sa{sv}", "operator", 0); });
  EXPECT_EQ(remove.number(), 5U);
  EXPECT_EQ(get("operator").error, "org.nicagent1.Error.NotFound");
}

TEST_F(Methods, ABugInARequestIsAnErrorAndNotTheEnd) {
  agent.on_loop([&] { agent.explode = true; });
  const auto explain = [](sd_bus_message* m) { sd_bus_message_append(m, "sa{sv}", "0000:3b:00.0", 0); };
  EXPECT_EQ(root.manager("Explain", explain).error, "org.nicagent1.Error.Failed");
  agent.on_loop([&] { agent.explode = false; });
  EXPECT_EQ(root.manager("Explain", explain).text(), "0000:3b:00.0 and ");
}

TEST_F(Methods, WhatTheAgentCannotDoYetIsNotSupported) {
  EXPECT_EQ(root.manager("Verify", no_options).error, "org.nicagent1.Error.NotSupported");
}

TEST_F(Methods, LoadModulesChecksItsNames) {
  const auto load = [&](unsigned count, const char* first, const char* second) {
    return root.manager("LoadModules",
                        [=](sd_bus_message* m) { sd_bus_message_append(m, "asa{sv}", count, first, second, 0); });
  };
  EXPECT_EQ(load(2, "mlx5_ib", "rdma_ucm").error, "");
  EXPECT_THAT(agent.on_loop([&] { return agent.loaded; }), ElementsAre("mlx5_ib", "rdma_ucm"));
  EXPECT_EQ(load(2, "mlx5_ib", "").error, "org.nicagent1.Error.InvalidArgument");
  const auto none = [](sd_bus_message* m) { sd_bus_message_append(m, "asa{sv}", 0, 0); };
  EXPECT_EQ(root.manager("LoadModules", none).error, "org.nicagent1.Error.InvalidArgument");
}

TEST_F(Methods, ReloadDriversHandsOverWhatIsAskedFor) {
  const auto reload = [](sd_bus_message* m) {
    sd_bus_message_append(m, "asa{sv}", 2, "@mlx5", "igb", 1, "force", "b", 1);
  };
  EXPECT_EQ(root.manager("ReloadDrivers", reload).text(), "/org/nicagent1/job/1");
  const auto asked = agent.on_loop([&] { return agent.reloaded; });
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_THAT(asked[0].names, ElementsAre("@mlx5", "igb"));
  EXPECT_TRUE(asked[0].force);
  const auto none = [](sd_bus_message* m) { sd_bus_message_append(m, "asa{sv}", 0, 0); };
  EXPECT_EQ(root.manager("ReloadDrivers", none).error, "org.nicagent1.Error.InvalidArgument");
  const auto unknown = [](sd_bus_message* m) { sd_bus_message_append(m, "asa{sv}", 1, "igb", 1, "restore", "b", 1); };
  EXPECT_EQ(root.manager("ReloadDrivers", unknown).error, "org.nicagent1.Error.InvalidArgument");
  agent.on_loop([&] {
    agent.refuse = model::Error{model::Code::protected_, 0, "reload the drivers", "igb", "process 7 (perftest) ..."};
  });
  const auto refused = root.manager("ReloadDrivers", reload);
  EXPECT_EQ(refused.error, "org.nicagent1.Error.Protected");
  EXPECT_THAT(refused.message, testing::HasSubstr("process 7 (perftest)"));
}

TEST_F(Methods, PlanReloadSaysWhatStandsInTheWay) {
  const auto plan =
      root.manager("PlanReload", [](sd_bus_message* m) { sd_bus_message_append(m, "asa{sv}", 1, "igb", 0); });
  EXPECT_EQ(plan.error, "");
  EXPECT_EQ(plan.text(),
            "Unload: igb\nLoad: igb\nFunctions that lose their driver: 0000:01:00.0\n"
            "Interfaces that go and come back: enp1s0\n"
            "In the way, and force does not help: / is on NVMe\n"
            "In the way (force would do it): enp1s0 is a port of bond0\n");
}

TEST_F(Methods, BrokenTextEndsTheCallerAndNotTheAgent) {
  Client hostile{bus.address()};
  hostile.manager("GetDevice", [](sd_bus_message* m) { sd_bus_message_append(m, "s", "\xff\xfe"); });
  EXPECT_EQ(root.get("/org/nicagent1", "org.nicagent1.Manager", "State").text(), "ready");
}

struct Users : Methods {
  Client nobody{bus.address(), kNobody};
  std::size_t applied() {
    return agent.on_loop([&] { return agent.applied.size(); });
  }
};

TEST_F(Users, AreRefusedWhenPolkitSaysNo) {
  Polkit polkit{bus.address(), Polkit::Answer::no};
  EXPECT_EQ(nobody.manager("Apply", no_options).error, "org.nicagent1.Error.NotAuthorized");
  EXPECT_EQ(nobody.manager("Reload", no_options).error, "org.nicagent1.Error.NotAuthorized");
  EXPECT_EQ(applied(), 0U);
}

TEST_F(Users, MayWhenPolkitSaysYesAndItKnowsWhatWasAsked) {
  Polkit polkit{bus.address(), Polkit::Answer::yes};
  const auto fill = [](sd_bus_message* m) {
    sd_bus_message_append(m, "a{sv}", 2, "devices", "as", 1, "0000:3b:00.0", "auth.no_user_interaction", "b", 1);
  };
  EXPECT_EQ(nobody.manager("Apply", fill).error, "");
  EXPECT_EQ(nobody.manager("Apply", options("force", "b", 1)).error, "");
  const auto asked = polkit.questions();
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[0].subject, nobody.unique_name());
  EXPECT_EQ(asked[0].action, "org.nicagent1.apply");
  EXPECT_THAT(asked[0].details, ElementsAre(Pair("force", "false"), Pair("pci", "0000:3b:00.0")));
  EXPECT_EQ(asked[0].flags, 0U);
  EXPECT_EQ(asked[1].action, "org.nicagent1.force");
  EXPECT_EQ(asked[1].flags, 1U);
  EXPECT_EQ(agent.on_loop([&] { return agent.applied.at(0).caller_uid; }), kNobody);
}

TEST_F(Users, ReleaseAFunctionOnlyWhenPolkitSaysYes) {
  {
    Polkit polkit{bus.address(), Polkit::Answer::no};
    EXPECT_EQ(nobody.manager("Release", release("0000:3b:00.0", false)).error, "org.nicagent1.Error.NotAuthorized");
  }
  Polkit polkit{bus.address(), Polkit::Answer::yes};
  EXPECT_EQ(nobody.manager("Release", release("0000:3b:00.0", true)).error, "");
  ASSERT_EQ(polkit.questions().size(), 1U);
  EXPECT_EQ(polkit.questions()[0].action, "org.nicagent1.apply");
  EXPECT_THAT(polkit.questions()[0].details, ElementsAre(Pair("pci", "0000:3b:00.0"), Pair("restore", "true")));
  EXPECT_EQ(agent.on_loop([&] { return agent.released.size(); }), 1U);
}

TEST_F(Users, ReloadDriversOnlyWhenPolkitSaysYesAndPlanItAlways) {
  const auto reload = [](int force) {
    return [force](sd_bus_message* m) { sd_bus_message_append(m, "asa{sv}", 1, "igb", 1, "force", "b", force); };
  };
  const auto plan = [](sd_bus_message* m) { sd_bus_message_append(m, "asa{sv}", 1, "igb", 0); };
  {
    Polkit polkit{bus.address(), Polkit::Answer::no};
    EXPECT_EQ(nobody.manager("ReloadDrivers", reload(0)).error, "org.nicagent1.Error.NotAuthorized");
    EXPECT_EQ(nobody.manager("PlanReload", plan).error, "");
  }
  Polkit polkit{bus.address(), Polkit::Answer::yes};
  EXPECT_EQ(nobody.manager("ReloadDrivers", reload(0)).error, "");
  EXPECT_EQ(nobody.manager("ReloadDrivers", reload(1)).error, "");
  ASSERT_EQ(polkit.questions().size(), 2U);
  EXPECT_EQ(polkit.questions()[0].action, "org.nicagent1.reload-driver");
  EXPECT_THAT(polkit.questions()[0].details, ElementsAre(Pair("force", "false"), Pair("modules", "igb")));
  EXPECT_EQ(polkit.questions()[1].action, "org.nicagent1.force");
  EXPECT_EQ(agent.on_loop([&] { return agent.reloaded.size(); }), 2U);
}

TEST_F(Users, AreNotAskedWhenTheyAreRoot) {
  Polkit polkit{bus.address(), Polkit::Answer::no};
  EXPECT_EQ(root.manager("Apply", no_options).error, "");
  EXPECT_THAT(polkit.questions(), IsEmpty());
}

TEST_F(Users, AreToldWhenNobodyCouldBeAskedForAPassword) {
  Polkit polkit{bus.address(), Polkit::Answer::challenge};
  const auto reply = nobody.manager("Apply", no_options);
  EXPECT_EQ(reply.error, "org.nicagent1.Error.NotAuthorized");
  EXPECT_THAT(reply.message, HasSubstr("authentication"));
}

TEST_F(Users, AreRefusedWithoutPolkitAndRootIsNot) {
  const auto reply = nobody.manager("Apply", no_options);
  EXPECT_EQ(reply.error, "org.nicagent1.Error.NotAuthorized");
  EXPECT_THAT(reply.message, HasSubstr("only root"));
  EXPECT_EQ(root.manager("Apply", no_options).error, "");
}

TEST_F(Users, DoNotHoldUpOthersWhilePolkitIsSilent) {
  Polkit polkit{bus.address(), Polkit::Answer::silence};
  nobody.send("Apply", no_options);
  ASSERT_EQ(polkit.wait_for_questions(1), 1U);
  EXPECT_EQ(root.manager("Apply", no_options).error, "");
  EXPECT_EQ(applied(), 1U);
}

TEST_F(Users, GetTimedOutWhenPolkitStaysSilentAndItsDialogIsClosed) {
  Polkit polkit{bus.address(), Polkit::Answer::silence};
  EXPECT_EQ(nobody.manager("Apply", no_options).error, "org.nicagent1.Error.TimedOut");
  EXPECT_EQ(polkit.wait_for_cancels(1), 1U);
  EXPECT_EQ(applied(), 0U);
}

TEST_F(Users, WhoHaveLeftGetNothingDone) {
  Polkit polkit{bus.address(), Polkit::Answer::silence};
  nobody.send("Apply", no_options);
  ASSERT_EQ(polkit.wait_for_questions(1), 1U);
  nobody.close();
  polkit.say_yes_to_all();
  // A question of somebody else, answered after it: by then the first one would have been carried out.
  EXPECT_EQ(root.manager("Apply", no_options).error, "");
  EXPECT_EQ(root.manager("Apply", no_options).error, "");
  EXPECT_EQ(applied(), 2U);
}

TEST_F(Users, CannotFillTheQueueOfPolkit) {
  Polkit polkit{bus.address(), Polkit::Answer::silence};
  for (int count = 0; count < 8; ++count) nobody.send("Apply", no_options);
  EXPECT_EQ(polkit.wait_for_questions(8), 8U);
  Client again{bus.address(), kNobody};
  EXPECT_EQ(again.manager("Apply", no_options).error, "org.nicagent1.Error.Busy");
}

TEST_F(Users, MayRescanButNotWithoutEnd) {
  for (int count = 0; count < 4; ++count) EXPECT_EQ(nobody.manager("Rescan", no_options).error, "");
  EXPECT_EQ(nobody.manager("Rescan", no_options).error, "org.nicagent1.Error.Busy");
  EXPECT_EQ(root.manager("Rescan", no_options).error, "");
}

TEST_F(Users, CannotOwnTheName) { EXPECT_LT(nobody.own("org.nicagent1"), 0); }

}  // namespace
}  // namespace nic::test
