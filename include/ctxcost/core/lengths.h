// Lists and ranges of context lengths and batches: "1K,4K", "1K..1M", "1K..1M:x4", "1000..9000:+1000".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/count.h"

namespace ctxcost {

/// A list of integers that is never expanded: a range of ten million points takes as little memory as one point.
class LengthList {
 public:
  /// A range starts at `first`, multiplies by `factor` or adds `step` each time, and ends exactly at `last`.
  struct Range {
    Count first;
    Count last;
    Count factor = 1;
    Count step = 0;

    Count size() const;
  };

  class Iterator {
   public:
    Iterator(const Range* range, const Range* end) : range_(range), end_(end) {
      if (range_ != end_) value_ = range_->first;
    }
    Count operator*() const { return value_; }
    Iterator& operator++() {
      if (value_ != range_->last) {
        value_ = range_->step == 0 ? value_ * range_->factor : value_ + range_->step;
      } else if (++range_ != end_) {
        value_ = range_->first;
      }
      return *this;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) {
      return a.range_ == b.range_ && (a.range_ == a.end_ || a.value_ == b.value_);
    }

   private:
    const Range* range_;
    const Range* end_;
    Count value_;
  };

  LengthList() = default;
  explicit LengthList(Count value) : ranges_{{value, value}} {}
  void append(const Range& range) { ranges_.push_back(range); }
  void append(const LengthList& more) { ranges_.insert(ranges_.end(), more.ranges_.begin(), more.ranges_.end()); }

  Iterator begin() const { return {ranges_.data(), ranges_.data() + ranges_.size()}; }
  Iterator end() const { return {ranges_.data() + ranges_.size(), ranges_.data() + ranges_.size()}; }
  bool empty() const { return ranges_.empty(); }
  /// Returns the points from index `begin` up to, not including, index `end`, which is at most `size()`.
  LengthList part(Count begin, Count end) const;
  const std::vector<Range>& ranges() const { return ranges_; }
  /// Returns the number of points. Throws CountOverflow above 2^128.
  Count size() const;
  /// Return the largest and the smallest point. The list must not be empty.
  Count largest() const;
  Count smallest() const;

 private:
  std::vector<Range> ranges_;
};

/// Reads one length: digits, optionally followed by K = 1,024, M = 1,048,576, k = 1,000 or m = 1,000,000. Throws
/// InputError naming `source`.
Count parse_length(std::string_view text, std::string_view source);

/// Reads a list of lengths and ranges. Every point must be at least `minimum`. Throws InputError naming `source`.
LengthList parse_lengths(std::string_view text, std::string_view source, Count minimum = 0);

/// Returns a remark for a list that looks like one number with digit groups:
/// `"8,192" is the list 8 and 192; the one number is written 8192`. Empty for any other list.
std::string digit_groups_note(std::string_view list);

/// Returns the contexts of the article's table: 1K,4K,16K,64K,128K,1M.
LengthList default_contexts();

/// Returns "4K" or "1M" if that is exact, else the digits.
std::string length_label(Count value);

}  // namespace ctxcost
