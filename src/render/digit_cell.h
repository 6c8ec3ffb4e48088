// The integers of one column, or of one place in a line. In a grid many integers of a row are also in the row before
// (those that do not depend on the context): their digits are kept and copied. Digits of an integer that is new go
// straight to the output: to read them back at once would wait for the processor's stores.
#pragma once

#include <cstring>

#include "ctxcost/core/writer.h"

namespace ctxcost {

class DigitCell {
 public:
  /// Writes the integer, behind a comma if there is one.
  void write(Writer& out, Count value, bool comma = false) {
    char* const start = out.room(1 + sizeof digits_);
    *start = ',';
    char* const to = start + (comma ? 1 : 0);
    if (known_ && value == value_) {
      if (size_ == 0) size_ = static_cast<std::size_t>(write_digits(digits_, value) - digits_);
      std::memcpy(to, digits_, sizeof digits_);
      out.advance(static_cast<std::size_t>(to - start) + size_);
      return;
    }
    known_ = true;
    value_ = value;
    size_ = 0;
    out.advance(static_cast<std::size_t>(write_digits(to, value) - start));
  }

 private:
  Count value_;
  char digits_[40] = {};
  std::size_t size_ = 0;  // of the digits; 0: not kept
  bool known_ = false;
};
static_assert(kMostDigits <= 40);

}  // namespace ctxcost
