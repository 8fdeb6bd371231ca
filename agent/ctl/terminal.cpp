#include "ctl/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace nic::ctl {
namespace {

struct Decoded {
  std::uint32_t point{0};
  std::size_t length{0};  // 0: not valid
};

// One code point of UTF-8. Unicode, table 3-7.
Decoded decode(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at])); };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  constexpr std::array<std::uint32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {};
  std::uint32_t point = lead & (0x7fU >> length);
  for (std::size_t at = 1; at < length; ++at) {
    if ((byte(at) & 0xc0U) != 0x80) return {};
    point = point << 6U | (byte(at) & 0x3fU);
  }
  const bool surrogate = point >= 0xd800 && point <= 0xdfff;
  return point < kLeast[length] || point > 0x10ffff || surrogate ? Decoded{} : Decoded{point, length};
}

bool harmful(std::uint32_t point) {
  return point < 0x20 || (point >= 0x7f && point <= 0x9f) || (point >= 0x200b && point <= 0x200f) ||
         (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) || point == 0xfeff;
}

std::string shown(std::string_view text, bool lines) {
  std::string result;
  while (!text.empty()) {
    const auto [point, length] = decode(text);
    if (length == 0 || (point < 0x100 && harmful(point) && !(lines && point == '\n')))
      result += fmt::format("\\x{:02x}", length == 0 ? static_cast<unsigned char>(text[0]) : point);
    else if (harmful(point) && point != '\n')
      result += fmt::format("\\u{{{:x}}}", point);
    else
      result += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return result;
}

struct Colour {
  std::string_view word, code;
};

constexpr std::string_view kGreen = "32", kYellow = "33", kRed = "31";
constexpr std::array kColours{
    Colour{"ready", kGreen},     Colour{"ok", kGreen},          Colour{"pass", kGreen},
    Colour{"done", kGreen},      Colour{"live", kGreen},        Colour{"builtin", kGreen},
    Colour{"streaming", kGreen}, Colour{"notReady", kYellow},   Colour{"pending", kYellow},
    Colour{"applying", kYellow}, Colour{"protected", kYellow},  Colour{"warn", kYellow},
    Colour{"serving", kYellow},  Colour{"registered", kYellow}, Colour{"down", kYellow},
    Colour{"error", kRed},       Colour{"failed", kRed},        Colour{"stuck", kRed},
    Colour{"fail", kRed},        Colour{"timeout", kRed},       Colour{"drifted", kYellow},
};

std::string coloured(std::string_view code, std::string_view text) {
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

}  // namespace

std::string printable(std::string_view text) { return shown(text, false); }
std::string printable_lines(std::string_view text) { return shown(text, true); }

std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; }));
}

std::string Style::bold(std::string_view text) const { return colour ? coloured("1", text) : std::string{text}; }

std::string Style::state(std::string_view word) const {
  const auto found = std::ranges::find(kColours, word, &Colour::word);
  return colour && found != kColours.end() ? coloured(found->code, word) : std::string{word};
}

Table::Table(std::vector<std::string> heading) : rows_{std::move(heading)} {}

void Table::add(std::vector<std::string> row) {
  row.resize(rows_.front().size());
  rows_.push_back(std::move(row));
}

std::string Table::text(const Style& style, const std::vector<std::string_view>& states) const {
  const auto columns = rows_.front().size();
  std::vector<std::size_t> widths(columns, 0);
  for (const auto& row : rows_)
    for (std::size_t at = 0; at < columns; ++at) widths[at] = std::max(widths[at], width(row[at]));
  std::string text;
  for (const auto& row : rows_) {
    const bool heading = &row == &rows_.front();
    std::string line;
    std::size_t blanks = 0;  // owed before the next cell that is not empty
    for (std::size_t at = 0; at < columns; ++at) {
      const auto& cell = row[at];
      if (!cell.empty()) {
        line.append(blanks, ' ');
        blanks = 0;
        const bool state = std::ranges::find(states, rows_.front()[at]) != states.end();
        line += heading ? style.bold(cell) : state ? style.state(cell) : cell;
      }
      blanks += widths[at] - width(cell) + 2;
    }
    text += line + "\n";
  }
  return text;
}

}  // namespace nic::ctl
