// The tables of properties.hpp against the contract, the interface XML.
#include "dbus/properties.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

namespace nic::dbus {
namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;  // property, EmitsChangedSignal

Entries in_xml(const std::string& interface) {
  const auto path = (std::filesystem::path{NIC_TEST_DATA} / "../../dbus" / (interface + ".xml")).lexically_normal();
  std::ifstream file{path};
  std::stringstream text;
  text << file.rdbuf();
  Entries entries;
  const std::string xml = text.str();
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

}  // namespace
}  // namespace nic::dbus
