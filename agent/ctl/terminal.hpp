// Text on a terminal: colours, aligned tables, and strings from outside made harmless.
// Thread: any (pure). Source: ECMA-48 (control sequences), Unicode UAX 9 (bidirectional controls).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nic::ctl {

// Control characters, and those that turn the direction of writing, as \x1b or \u{202e}; the rest as it is. What is not
// valid UTF-8 is shown byte by byte. `lines` keeps line feeds.
[[nodiscard]] std::string printable(std::string_view text);
[[nodiscard]] std::string printable_lines(std::string_view text);

// Columns that a valid text takes: its code points.
[[nodiscard]] std::size_t width(std::string_view text);

struct Style {
  bool colour{false};

  [[nodiscard]] std::string bold(std::string_view text) const;
  // In the colour of a state, verdict or job state: green, yellow or red; unknown words stay as they are.
  [[nodiscard]] std::string state(std::string_view word) const;
};

// Cells are plain, printable text; the heading and the state column get their style when the table is written.
class Table {
 public:
  explicit Table(std::vector<std::string> heading);
  void add(std::vector<std::string> row);
  // `states`: headings of the columns to colour. Lines have no blanks at their ends.
  [[nodiscard]] std::string text(const Style& style, const std::vector<std::string_view>& states = {"STATE"}) const;
  [[nodiscard]] bool empty() const { return rows_.size() == 1; }

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace nic::ctl
