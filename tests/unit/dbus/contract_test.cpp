// The tables of properties.hpp against the contract, the interface XML.
#include "dbus/errors.hpp"
#include "dbus/properties.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace nic::dbus {
namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;  // property, EmitsChangedSignal

std::string in_dbus(const std::string& name) {
  std::ifstream file{(std::filesystem::path{NIC_TEST_DATA} / "../../dbus" / name).lexically_normal()};
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Entries in_xml(const std::string& interface) {
  Entries entries;
  const std::string xml = in_dbus(interface + ".xml");
  const std::regex pattern{"<property name=\"(\\w+)\"[^>]*>[\\s\\S]*?EmitsChangedSignal\" value=\"(\\w+)\""};
  for (std::sregex_iterator at{xml.begin(), xml.end(), pattern}, end; at != end; ++at)
    entries.emplace_back((*at)[1], (*at)[2]);
  return entries;
}

template <class View>
Entries in_table() {
  Entries entries;
  each_property<View>([&](const auto& property) {
    entries.emplace_back(property.name, property.emits == Emits::constant ? "const" : "true");
  });
  return entries;
}

template <class View>
struct Contract : testing::Test {};
using Views = testing::Types<ManagerView, DeviceView, PhysicalFunctionView, VirtualFunctionView, RdmaView, ModuleView,
                             ResourceView, JobView>;
TYPED_TEST_SUITE(Contract, Views);

TYPED_TEST(Contract, TheTableHasThePropertiesOfTheXml) {
  EXPECT_EQ(in_table<TypeParam>(), in_xml(Interface<TypeParam>::name));
}

// One name for one condition, each explained in org.nicagent1(5).
TEST(ErrorNames, OfModulesAreDistinctAndDocumented) {
  const auto page = in_dbus("make_man.py");
  std::set<std::string> names;
  for (auto number = static_cast<unsigned>(model::ModuleReason::none) + 1;
       number <= static_cast<unsigned>(model::ModuleReason::not_found); ++number) {
    model::Error error{model::Code::denied, 0, "load the module", "x", ""};
    error.module_reason = static_cast<model::ModuleReason>(number);
    const auto name = error_name(error);
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_THAT(name, testing::StartsWith("org.nicagent1.Error.Module."));
    EXPECT_THAT(page, testing::HasSubstr("(\"" + name.substr(kErrorPrefix.size()) + "\"")) << name;
    EXPECT_EQ(row(error).code, name.substr(kErrorPrefix.size()));
  }
}

TEST(ErrorNames, OfTheOthersAreThoseOfTheirKind) {
  const model::Error error{model::Code::busy, 0, "apply to", "x", ""};
  EXPECT_EQ(error_name(error), "org.nicagent1.Error.Busy");
  EXPECT_EQ(row(error).code, "busy");
}

}  // namespace
}  // namespace nic::dbus
