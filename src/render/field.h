// What the records of documents are made of. A table of fields writes a record as JSON, fills the columns of CSV, and
// describes both in `schema output`: nothing that is printed is missing from the schema.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "ctxcost/answer/comparison.h"
#include "ctxcost/core/count.h"
#include "ctxcost/estimate/metric.h"
#include "ctxcost/input/saved_report.h"
#include "json_writer.h"

namespace ctxcost {

/// A scalar: nothing (null in JSON, empty in CSV), an exact integer, a real number, a percentage of one decimal, a
/// truth, words.
using Value = std::variant<std::monostate, Count, Negative, double, Percent, bool, std::string_view, std::string>;

/// Any narrower variant: a metric's value, a fact of the catalogue.
template <typename... Held>
Value to_value(const std::variant<Held...>& value) {
  return std::visit([](const auto& held) -> Value { return held; }, value);
}
inline Value to_value(std::optional<Count> value) { return value ? Value(*value) : Value(); }
inline Value to_value(const std::optional<double>& value) { return value ? Value(*value) : Value(); }
inline Value to_value(const std::optional<Percent>& value) { return value ? Value(*value) : Value(); }
Value to_value(const RecordedValue& value);
inline const Value& to_value(const Value& value) { return value; }
/// Nothing for "".
inline Value words_or_null(std::string_view text) { return text.empty() ? Value() : Value(text); }
void write_value(JsonWriter& json, const Value& value);
/// A table's cell: words, an integer with separators, or "–".
std::string cell_text(const Value& value);

struct FieldTable;

/// One member of a record, or several: those of another table, or metrics.
struct Field {
  enum class Type {
    count,    ///< an integer, 0 or more
    integer,  ///< of either sign
    real,     ///< a number
    text,
    word,  ///< one of `words`
    flag,
    scalar,         ///< a number or a text, null if unknown: the value of any metric
    record,         ///< an object of `members`
    records,        ///< a list of such objects
    named_records,  ///< an object of such objects, keyed by name
    texts,          ///< a list of texts
    counts,         ///< an object of counts, keyed by name
    any,            ///< any JSON value, as read from a file
    metrics,        ///< a member for each of `of_metrics`
    members_of,     ///< the members of another table, as if they were this one's
    further_texts,  ///< texts under their own names, besides the record's other members
  };

  std::string_view name;
  Type type = Type::text;
  std::string_view meaning = {};
  bool nullable = false;
  /// Of a scalar.
  Value (*value)(const Field& field, const void* subject) = nullptr;
  /// Of everything else. The key stands already, but where the field writes its own: see `has_own_keys`.
  void (*write)(const Field& field, const void* subject, JsonWriter& json) = nullptr;
  /// Null: the field is in every record.
  bool (*present)(const void* subject) = nullptr;
  /// If it is set and returns false, the value is null.
  bool (*known)(const void* subject) = nullptr;
  std::span<const std::string_view> words = {};
  const FieldTable* members = nullptr;
  std::span<const MetricInfo> (*of_metrics)() = nullptr;
  Metric metric = Metric::context;  ///< of a column made of `metrics`
  /// Of such a column: the value itself, without a copy; null if the record leaves it out.
  const MetricValue* (*metric_value)(const Field& field, const void* subject) = nullptr;
  bool of_series = false;    ///< of a column: the same in all rows of a series (`Document::series_of`)
  std::size_t index = 0;     ///< of a scalar in a record that is a list of values
  bool each_line = false;    ///< of a document's head: stands in every line of NDJSON, too
  bool behind_rows = false;  ///< of a document's head: stands behind the rows
  bool line_alone = false;   ///< of a row: stands in its line of NDJSON, not in the whole document

  constexpr bool has_own_keys() const {
    return type == Type::metrics || type == Type::members_of || type == Type::further_texts;
  }
  constexpr Field or_null() const {
    Field field = *this;
    field.nullable = true;
    return field;
  }
  constexpr Field in_each_line() const {
    Field field = *this;
    field.each_line = true;
    return field;
  }
  constexpr Field put_behind_rows() const {
    Field field = *this;
    field.behind_rows = true;
    return field;
  }
  constexpr Field in_line_alone() const {
    Field field = *this;
    field.line_alone = true;
    return field;
  }
};

/// The fields of one kind of record, in output order.
struct FieldTable {
  std::string_view name;  ///< in the schema's $defs
  std::span<const Field> fields;
};

/// A record: the table of its members, and the subject that they are read from.
struct Record {
  const FieldTable* table;
  const void* subject;
};

/// Writes the members of a record, without its braces. `chosen` selects the fields.
void write_members(JsonWriter& json, const Record& record, bool (*chosen)(const Field& field) = nullptr);
void write_record(JsonWriter& json, const Record& record);

/// Visits the items of a member that is a list.
template <auto member>
inline constexpr auto kEach = [](const auto& subject, const auto& visit) {
  for (const auto& item : subject.*member) visit(item);
};

/// Makes the fields of records that are read from a `Subject`. The functions given are lambdas without captures, each
/// called with the subject.
template <typename Subject>
struct FieldsOf {
  using Type = Field::Type;

  /// `get` returns a Value or what becomes one.
  template <typename Get>
  static constexpr Field scalar(Type type, std::string_view name, std::string_view meaning, Get) {
    Field field{name, type, meaning};
    field.value = [](const Field&, const void* subject) -> Value { return to_value(Value(Get{}(of(subject)))); };
    return field;
  }
  /// `get` returns a Count, or an optional one, which is nullable.
  template <typename Get>
  static constexpr Field count(std::string_view name, std::string_view meaning, Get) {
    Field field{name, Type::count, meaning};
    field.nullable = std::is_same_v<std::invoke_result_t<Get, const Subject&>, std::optional<Count>>;
    field.value = [](const Field&, const void* subject) -> Value {
      return to_value(std::optional<Count>(Get{}(of(subject))));
    };
    return field;
  }
  template <typename Get>
  static constexpr Field text(std::string_view name, std::string_view meaning, Get get) {
    return scalar(Type::text, name, meaning, get);
  }
  template <typename Get>
  static constexpr Field real(std::string_view name, std::string_view meaning, Get get) {
    return scalar(Type::real, name, meaning, get);
  }
  template <typename Get>
  static constexpr Field flag(std::string_view name, std::string_view meaning, Get get) {
    return scalar(Type::flag, name, meaning, get);
  }
  template <typename Get>
  static constexpr Field word(std::string_view name, std::span<const std::string_view> words, std::string_view meaning,
                              Get get) {
    Field field = scalar(Type::word, name, meaning, get);
    field.words = words;
    return field;
  }

  /// `get` returns a pointer to the subject of the record; null where there is none.
  template <typename Get>
  static constexpr Field record(std::string_view name, const FieldTable& table, std::string_view meaning, Get) {
    Field field{name, Type::record, meaning};
    field.members = &table;
    field.write = [](const Field& self, const void* subject, JsonWriter& json) {
      const auto* const part = Get{}(of(subject));
      part == nullptr ? json.null() : write_record(json, {self.members, part});
    };
    return field;
  }
  /// `each(subject, visit)` calls visit(item) for every item of the list.
  template <typename Each>
  static constexpr Field records(std::string_view name, const FieldTable& table, std::string_view meaning, Each) {
    Field field{name, Type::records, meaning};
    field.members = &table;
    field.write = [](const Field& self, const void* subject, JsonWriter& json) {
      json.begin_array();
      Each{}(of(subject), [&](const auto& item) { write_record(json, {self.members, &item}); });
      json.end_array();
    };
    return field;
  }
  /// `each(subject, visit)` calls visit(name, item).
  template <typename Each>
  static constexpr Field named_records(std::string_view name, const FieldTable& table, std::string_view meaning, Each) {
    Field field{name, Type::named_records, meaning};
    field.members = &table;
    field.write = [](const Field& self, const void* subject, JsonWriter& json) {
      json.begin_object();
      Each{}(of(subject), [&](std::string_view key, const auto& item) {
        json.key(key);
        write_record(json, {self.members, &item});
      });
      json.end_object();
    };
    return field;
  }
  /// `each(subject, visit)` calls visit(text).
  template <typename Each>
  static constexpr Field texts(std::string_view name, std::string_view meaning, Each) {
    Field field{name, Type::texts, meaning};
    field.write = [](const Field&, const void* subject, JsonWriter& json) {
      json.begin_array();
      Each{}(of(subject), [&](std::string_view item) { json.string(item); });
      json.end_array();
    };
    return field;
  }
  /// `each(subject, visit)` calls visit(name, count).
  template <typename Each>
  static constexpr Field counts(std::string_view name, std::string_view meaning, Each) {
    Field field{name, Type::counts, meaning};
    field.write = [](const Field&, const void* subject, JsonWriter& json) {
      json.begin_object();
      Each{}(of(subject), [&](std::string_view key, Count value) {
        json.key(key);
        json.count(value);
      });
      json.end_object();
    };
    return field;
  }
  /// `write(subject, json)` writes a value.
  template <typename Write>
  static constexpr Field any(std::string_view name, std::string_view meaning, Write) {
    Field field{name, Type::any, meaning};
    field.write = [](const Field&, const void* subject, JsonWriter& json) { Write{}(of(subject), json); };
    return field;
  }
  /// `get(subject, metric)` returns a pointer to the metric's value; null if the record leaves it out.
  template <typename Get>
  static constexpr Field metrics(std::span<const MetricInfo> (*list)(), Get) {
    Field field{"", Type::metrics};
    field.of_metrics = list;
    field.write = [](const Field& self, const void* subject, JsonWriter& json) {
      for (const MetricInfo& row : self.of_metrics()) {
        const MetricValue* const value = Get{}(of(subject), row.metric);
        if (value == nullptr) continue;
        json.key(row.name);
        json.value(*value);
      }
    };
    field.value = [](const Field& self, const void* subject) -> Value {
      const MetricValue* const value = Get{}(of(subject), self.metric);
      return value == nullptr ? Value() : to_value(*value);
    };
    field.metric_value = [](const Field& self, const void* subject) -> const MetricValue* {
      return Get{}(of(subject), self.metric);
    };
    return field;
  }
  /// `get` returns a reference to the other table's subject.
  template <typename Get>
  static constexpr Field members_of(const FieldTable& table, Get) {
    Field field{"", Type::members_of};
    field.members = &table;
    field.write = [](const Field& self, const void* subject, JsonWriter& json) {
      write_members(json, {self.members, &Get{}(of(subject))});
    };
    return field;
  }
  /// `each(subject, visit)` calls visit(name, text).
  template <typename Each>
  static constexpr Field further_texts(Each) {
    Field field{"", Type::further_texts};
    field.write = [](const Field&, const void* subject, JsonWriter& json) {
      Each{}(of(subject), [&](std::string_view key, std::string_view text) {
        json.key(key);
        json.string(text);
      });
    };
    return field;
  }

  /// Returns the field, limited to records for which `test(subject)` is true.
  template <typename Test>
  static constexpr Field where(Test, const Field& field) {
    Field result = field;
    result.present = [](const void* subject) { return Test{}(of(subject)); };
    return result;
  }
  /// Returns the field, with null if `test(subject)` is false.
  template <typename Test>
  static constexpr Field null_unless(Test, const Field& field) {
    Field result = field.or_null();
    result.known = [](const void* subject) { return Test{}(of(subject)); };
    return result;
  }

 private:
  static const Subject& of(const void* subject) { return *static_cast<const Subject*>(subject); }
};

/// Adds a column for each of the metrics that a field stands for.
void append_metric_columns(std::vector<Field>& columns, const Field& metrics);

}  // namespace ctxcost
