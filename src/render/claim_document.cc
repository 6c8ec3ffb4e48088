#include "claim_document.h"

#include "core/format.h"

namespace ctxcost {
namespace {

/// People read so many readings; -v shows all.
constexpr std::size_t kReadingsShown = 5;

using ReadingField = FieldsOf<Reading>;
constexpr Field kOfReading[] = {
    ReadingField::text("subject", "what is counted", [](const Reading& r) -> std::string_view { return r.subject; }),
    ReadingField::count("value", "the exact figure", [](const Reading& r) { return std::optional(r.value); }),
    ReadingField::count("unit", "what the printed unit stands for",
                        [](const Reading& r) { return std::optional(r.unit_meant); }),
    ReadingField::texts("changes", "how it departs from the default reading", kEach<&Reading::changes>),
};
constexpr FieldTable kReadingFields{"reading", kOfReading};

using ClaimHeadField = FieldsOf<ClaimDocument::Head>;
constexpr Field kClaimOfHead[] = {
    ClaimHeadField::record("conventions", kConventionsFields, "how the default reading counts",
                           [](const ClaimDocument::Head& head) { return &head.conventions; })
        .in_each_line(),
    ClaimHeadField::record("model", kModelFields, "the model of the claim",
                           [](const ClaimDocument::Head& head) { return &*head.answer->model; })
        .in_each_line(),
    ClaimHeadField::text("claim", "the figure as given",
                         [](const ClaimDocument::Head& head) -> std::string_view { return head.answer->claim.text; })
        .in_each_line(),
    ClaimHeadField::count("context", "tokens of a sequence",
                          [](const ClaimDocument::Head& head) { return std::optional(head.answer->context); })
        .in_each_line(),
    ClaimHeadField::count("batch", "sequences",
                          [](const ClaimDocument::Head& head) { return std::optional(head.answer->batch); })
        .in_each_line(),
    ClaimHeadField::text(
        "default_subject", "what the default reading counts",
        [](const ClaimDocument::Head& head) -> std::string_view { return head.answer->default_subject; }),
    ClaimHeadField::count("default_value", "what the default reading gives; null where it is unknown",
                          [](const ClaimDocument::Head& head) { return head.answer->default_value; }),
    ClaimHeadField::count("tried", "readings that were computed",
                          [](const ClaimDocument::Head& head) { return std::optional(Count(head.answer->tried)); }),
};
constexpr FieldTable kClaimHeadFields{"claim", kClaimOfHead};

std::string changes_text(const Reading& reading) {
  std::string text;
  for (const std::string& change : reading.changes) text += (text.empty() ? "" : "; ") + change;
  return text;
}

struct ClaimCells {
  const ClaimAnswer* answer;
  const Reading* reading;
};
using ClaimCell = FieldsOf<ClaimCells>;
constexpr Field kClaimCells[] = {
    ClaimCell::text("model", "", [](const ClaimCells& c) -> std::string_view { return c.answer->model->name; }),
    ClaimCell::text("claim", "", [](const ClaimCells& c) -> std::string_view { return c.answer->claim.text; }),
    ClaimCell::count("context", "", [](const ClaimCells& c) { return std::optional(c.answer->context); }),
    ClaimCell::count("batch", "", [](const ClaimCells& c) { return std::optional(c.answer->batch); }),
    ClaimCell::text("subject", "", [](const ClaimCells& c) -> std::string_view { return c.reading->subject; }),
    ClaimCell::count("value", "", [](const ClaimCells& c) { return std::optional(c.reading->value); }),
    ClaimCell::count("change_count", "",
                     [](const ClaimCells& c) { return std::optional(Count(c.reading->changes.size())); }),
    ClaimCell::text("changes", "", [](const ClaimCells& c) { return Value(changes_text(*c.reading)); }),
};

/// "1,024 (1.0 KB)", in words of what is counted.
std::string figure_text(const ClaimAnswer& answer, Count value, UnitSystem units) {
  switch (answer.claim.quantity) {
    case ClaimedQuantity::flops: return format("{} ({})", with_separators(value), short_work(value, "FLOPs"));
    case ClaimedQuantity::macs: return format("{} ({})", with_separators(value), short_work(value, "MACs"));
    case ClaimedQuantity::bytes: return format("{} bytes ({})", with_separators(value), short_bytes(value, units));
    default: return format("{} ({})", with_separators(value), short_count(value));
  }
}

}  // namespace

const DocumentShape kClaimShape = {.command = "explain",
                                   .parts = Part::records | Part::cells | Part::page,
                                   .head = &kClaimHeadFields,
                                   .rows = "readings",
                                   .row = &kReadingFields};

ClaimDocument::ClaimDocument(const ClaimAnswer& answer, const RenderOptions& options)
    : answer_(&answer),
      options_(&options),
      head_{&answer, conventions_of(answer.workload.convention, answer.workload.logits, options.units)} {}

Record ClaimDocument::head() const { return {&kClaimHeadFields, &head_}; }

void ClaimDocument::for_each_row(const RecordVisitor& visit) const {
  for (const Reading& reading : answer_->readings) visit({&kReadingFields, &reading});
}

std::vector<Field> ClaimDocument::columns() const { return {std::begin(kClaimCells), std::end(kClaimCells)}; }

void ClaimDocument::for_each_cells(const std::function<void(const void* subject)>& visit) const {
  for (const Reading& reading : answer_->readings) {
    const ClaimCells cells{answer_, &reading};
    visit(&cells);
  }
}

void ClaimDocument::write_page(TextDocument& page) const {
  const ClaimAnswer& answer = *answer_;
  const std::size_t found = answer.readings.size();
  page.line(format("\"{}\": {}", answer.claim.text,
                   found == 0 ? "no reading gives it"
                              : format("{} {}", found, found == 1 ? "reading gives it" : "readings give it")),
            found == 0 ? Accent::bad : Accent::good);
  if (!options_->quiet) {
    page.line(format("{}: {} tokens, {} {}; default reading: {}, {}", answer.model->name,
                     with_separators(answer.context), with_separators(answer.batch),
                     answer.batch == 1 ? "sequence" : "sequences", answer.default_subject,
                     answer.default_value ? figure_text(answer, *answer.default_value, options_->units) : "unknown"));
  }
  const std::size_t shown = options_->verbose ? found : std::min(found, kReadingsShown);
  for (std::size_t i = 0; i < shown; ++i) {
    const Reading& reading = answer.readings[i];
    page.blank();
    page.line(format("{}. {}: {}", i + 1, reading.subject, figure_text(answer, reading.value, options_->units)),
              Accent::strong);
    const std::string_view indent = page.style() == TextStyle::plain ? "   " : "";
    if (reading.changes.empty()) page.item(std::string(indent) + "the default reading");
    for (const std::string& change : reading.changes) page.item(std::string(indent) + change);
  }
  if (options_->quiet) return;
  page.blank();
  if (shown < found) page.item(format("note: {} more readings need more changes (-v shows them)", found - shown));
  page.item(format("note: {} ways of counting were tried, each to the last digit", answer.tried));
}

}  // namespace ctxcost
