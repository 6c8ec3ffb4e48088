// What a command answers, before any format. Each command has one kind of document (src/render/<command>_document.cc);
// each output format is one file over documents (src/render/formats.cc lists them).
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "ctxcost/render/render.h"
#include "field.h"
#include "judgement.h"
#include "text_document.h"

namespace ctxcost {

/// The parts of documents. A format needs one of these, and works for commands whose documents have it.
enum class Part : unsigned {
  records = 1,     ///< JSON and NDJSON
  cells = 2,       ///< CSV
  page = 4,        ///< text and Markdown
  judgements = 8,  ///< JUnit, SARIF and annotations
};
constexpr unsigned operator|(Part a, Part b) { return static_cast<unsigned>(a) | static_cast<unsigned>(b); }
constexpr unsigned operator|(unsigned a, Part b) { return a | static_cast<unsigned>(b); }

/// The shape of a command's documents, known before one is computed. The schema is written from it.
struct DocumentShape {
  std::string_view command;          ///< "scale"
  unsigned parts = 0;                ///< of Part
  const FieldTable* head = nullptr;  ///< members besides the rows
  std::string_view rows = {};        ///< the key of the list of rows: "results"
  const FieldTable* row = nullptr;   ///< null: the document is its head, in NDJSON one line
  /// The NDJSON line of an input that could not be answered. Null if such an input ends the program.
  const FieldTable* refusal = nullptr;
  /// For a command with several kinds of documents: the shape of each.
  std::span<const DocumentShape> (*kinds)() = nullptr;
};

using RecordVisitor = std::function<void(const Record& record)>;
/// Writes the members of one line of NDJSON.
using LineWriter = std::function<void(JsonWriter& json, const Record& row)>;

class Document {
 public:
  virtual ~Document() = default;
  virtual const DocumentShape& shape() const = 0;

  /// Of `records`: a file of JSON as it stands in the catalogue, on one line. The JSON is that file, so that it can be
  /// edited and read back; NDJSON is, too, where the shape has no `head`.
  virtual std::string_view file() const { return {}; }
  /// Of `records`. A row lives for one visit, so that a document of any size takes little memory.
  virtual Record head() const { return {}; }
  virtual void for_each_row(const RecordVisitor&) const {}
  /// Writes the rows as lines itself, if it can write them faster than row by row: lines of a pattern. Each line is
  /// what `write_line` writes for its row. Returns false if it cannot.
  virtual bool write_lines(Writer&, const LineWriter&) const { return false; }
  /// Where the shape has a `refusal`.
  virtual void for_each_refusal(const RecordVisitor&) const {}

  /// For `cells`: the columns, and for each row the subject that their values are read from.
  virtual std::vector<Field> columns() const { return {}; }
  virtual void for_each_cells(const std::function<void(const void* subject)>&) const {}
  /// Returns the number of a row's series, whose rows stand together and agree in the columns that are `of_series`.
  virtual std::size_t series_of(const void*) const { return 0; }
  /// Returns whether rows of the same document stand before it: then it has no header.
  virtual bool is_continued() const { return false; }

  /// For `page`: the text, line by line.
  virtual void write_page(TextDocument&) const {}

  /// Of `judgements`.
  virtual Judgements judgements() const { return {}; }
};

/// The members "schema_version", "tool" and "command".
void write_envelope(JsonWriter& json, std::string_view command);

/// The shapes of all commands' documents.
std::span<const DocumentShape* const> document_shapes();

/// One output format.
struct OutputFormat {
  std::string_view name;        ///< "json"
  std::string_view extensions;  ///< ".json"; separated by spaces
  std::string_view summary;
  Part needs;
  void (*write)(const Document& document, const PageSettings& settings, Writer& out);
  /// The texts of the parts of a document, one after the other, are the text of the whole.
  bool joins = false;
};

std::span<const OutputFormat* const> output_formats();
/// Returns the formats that write documents of that shape, in the order of the list.
std::vector<const OutputFormat*> formats_of(const DocumentShape& shape);
/// Returns the format of that name, or null.
const OutputFormat* find_output_format(std::string_view name);
/// Returns the document as one text. The format must be one of formats_of(document.shape()).
std::string to_string(const Document& document, const OutputFormat& format);

}  // namespace ctxcost
