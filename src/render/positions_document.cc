#include "positions_document.h"

#include "ctxcost/core/fraction.h"
#include "model/model_words.h"
#include "result_fields.h"

namespace ctxcost {
namespace {

constexpr std::string_view kStackWords[] = {"encoder", "decoder"};

using AccessLayersField = FieldsOf<AccessLayers>;
constexpr Field kOfAccessLayers[] = {
    AccessLayersField::text("layers", "their indices, from 0",
                            [](const AccessLayers& l) { return index_ranges(l.layers); }),
    AccessLayersField::count("layer_count", "how many they are",
                             [](const AccessLayers& l) -> Count { return l.layers.size(); }),
    AccessLayersField::text("mechanism", "the kinds that mix their tokens",
                            [](const AccessLayers& l) -> std::string_view { return l.mechanism; }),
    AccessLayersField::text("settings", "their settings that are counts",
                            [](const AccessLayers& l) -> std::string_view { return l.settings; }),
};
constexpr FieldTable kAccessLayersFields{"access_layers", kOfAccessLayers};

using PositionsHeadField = FieldsOf<PositionAnswer>;
constexpr Field kPositionsOfHead[] = {
    PositionsHeadField::record("model", kModelFields, "the model",
                               [](const PositionAnswer& answer) { return &*answer.model; })
        .in_each_line(),
    PositionsHeadField::count("context", "tokens of the sequence: keys, and queries",
                              [](const PositionAnswer& answer) { return answer.context; })
        .in_each_line(),
    PositionsHeadField::word(
        "stack", kStackWords, "whose positions these are",
        [](const PositionAnswer& answer) { return kStackWords[answer.stack == Stack::encoder ? 0 : 1]; })
        .in_each_line(),
    PositionsHeadField::count("layers", "layers of that stack",
                              [](const PositionAnswer& answer) { return answer.layers; })
        .in_each_line(),
    PositionsHeadField::records("groups", kAccessLayersFields, "its layers: those that see alike together",
                                kEach<&PositionAnswer::groups>),
    PositionsHeadField::texts("notes", "what the counts include and leave out", kEach<&PositionAnswer::notes>)
        .put_behind_rows(),
};
constexpr FieldTable kPositionsHeadFields{"positions", kPositionsOfHead};

/// Queries that see one key, through one layer of a group or through all layers.
struct AccessRow {
  const PositionAnswer* answer;
  const PositionAccess* position;
  const AccessLayers* layers;  ///< null for all of them
  KeyAccess access;
};

template <typename Visit>
void visit_direct(const PositionAnswer& answer, const PositionAccess& position, const Visit& visit) {
  for (std::size_t i = 0; i < answer.groups.size(); ++i) {
    visit(AccessRow{&answer, &position, &answer.groups[i], position.direct[i]});
  }
}
AccessRow through_row(const PositionAnswer& answer, const PositionAccess& position) {
  return {&answer, &position, nullptr, position.through};
}

using AccessField = FieldsOf<AccessRow>;
constexpr Field kQueriesByKey = AccessField::count("queries_by_key", "queries that can see the key by a key of its own",
                                                   [](const AccessRow& row) { return row.access.exact; });
constexpr Field kQueries =
    AccessField::count("queries", "those, and queries that see it through a summary, a memory or a state",
                       [](const AccessRow& row) { return row.access.all; });
constexpr Field kQueryShare = AccessField::real("share", "those queries, as a share of all", [](const AccessRow& row) {
  return Fraction{row.access.all, row.answer->context}.value();
});
constexpr Field kOfDirect[] = {
    AccessField::text("layers", "the layers of which this is one",
                      [](const AccessRow& row) { return index_ranges(row.layers->layers); }),
    AccessField::text("mechanism", "the kinds that mix their tokens",
                      [](const AccessRow& row) -> std::string_view { return row.layers->mechanism; }),
    kQueriesByKey,
    kQueries,
    kQueryShare,
};
constexpr FieldTable kDirectFields{"direct_access", kOfDirect};
constexpr Field kOfThrough[] = {kQueriesByKey, kQueries, kQueryShare};
constexpr FieldTable kThroughFields{"access_through_layers", kOfThrough};

struct PositionRow {
  const PositionAnswer* answer;
  const PositionAccess* position;
  AccessRow through;
};
using PositionField = FieldsOf<PositionRow>;
constexpr Field kOfPosition[] = {
    PositionField::count("position", "of the key, from 0",
                         [](const PositionRow& row) { return row.position->position; }),
    PositionField::records(
        "direct", kDirectFields, "queries that can see it through one layer",
        [](const PositionRow& row, const auto& visit) { visit_direct(*row.answer, *row.position, visit); }),
    PositionField::record("through_all_layers", kThroughFields, "queries that it reaches through all layers in turn",
                          [](const PositionRow& row) { return &row.through; }),
};
constexpr FieldTable kPositionFields{"position", kOfPosition};

constexpr Field kPositionCells[] = {
    AccessField::text("model", "", [](const AccessRow& row) -> std::string_view { return row.answer->model->name; }),
    AccessField::count("context", "", [](const AccessRow& row) { return row.answer->context; }),
    AccessField::count("position", "", [](const AccessRow& row) { return row.position->position; }),
    AccessField::text("layers", "",
                      [](const AccessRow& row) {
                        return row.layers == nullptr ? std::string("all") : index_ranges(row.layers->layers);
                      }),
    AccessField::text("mechanism", "",
                      [](const AccessRow& row) -> std::string_view {
                        return row.layers == nullptr ? std::string_view() : row.layers->mechanism;
                      }),
    AccessField::text("settings", "",
                      [](const AccessRow& row) -> std::string_view {
                        return row.layers == nullptr ? std::string_view() : row.layers->settings;
                      }),
    kQueriesByKey,
    kQueries,
    kQueryShare,
};

}  // namespace

const DocumentShape kPositionsShape = {.command = "explain",
                                       .parts = Part::records | Part::cells | Part::page,
                                       .head = &kPositionsHeadFields,
                                       .rows = "positions",
                                       .row = &kPositionFields};

Record PositionsDocument::head() const { return {&kPositionsHeadFields, answer_}; }

void PositionsDocument::for_each_row(const RecordVisitor& visit) const {
  for (const PositionAccess& position : answer_->positions) {
    const PositionRow row{answer_, &position, through_row(*answer_, position)};
    visit({&kPositionFields, &row});
  }
}

std::vector<Field> PositionsDocument::columns() const { return {std::begin(kPositionCells), std::end(kPositionCells)}; }

void PositionsDocument::for_each_cells(const std::function<void(const void* subject)>& visit) const {
  for (const PositionAccess& position : answer_->positions) {
    visit_direct(*answer_, position, [&visit](const AccessRow& row) { visit(&row); });
    const AccessRow through = through_row(*answer_, position);
    visit(&through);
  }
}

void PositionsDocument::write_page(TextDocument& page) const { write_positions(*answer_, *options_, page); }

}  // namespace ctxcost
