#include "ctxcost/answer/listing.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/load_accelerator.h"

using namespace ctxcost;

namespace {

/// The value of a column in the row of that name.
CatalogueValue value(const CatalogueListing& listing, std::string_view row, std::string_view column) {
  const auto named = std::find_if(listing.rows.begin(), listing.rows.end(),
                                  [&](const auto& values) { return std::get<std::string>(values.front()) == row; });
  const std::span<const ListingColumn> columns = listing.kind->columns;
  const auto of =
      std::find_if(columns.begin(), columns.end(), [&](const ListingColumn& one) { return one.name == column; });
  REQUIRE(named != listing.rows.end());
  REQUIRE(of != columns.end());
  return (*named)[static_cast<std::size_t>(of - columns.begin())];
}

CatalogueValue words(const char* text) { return std::string(text); }

}  // namespace

TEST_CASE("every kind is listed with a value for each column, of the column's type") {
  REQUIRE(listing_kinds().size() == 6);
  for (const ListingKind& kind : listing_kinds()) {
    CAPTURE(kind.name);
    const CatalogueListing listing = list_catalogue(kind.name, "");
    CHECK(listing.kind == &kind);
    CHECK(kind.columns.front().name == "name");
    CHECK(!listing.rows.empty());
    CHECK(listing.left_out.empty());
    for (const auto& row : listing.rows) {
      REQUIRE(row.size() == kind.columns.size());
      for (std::size_t i = 0; i < row.size(); ++i) {
        const ListingColumn& column = kind.columns[i];
        CAPTURE(column.name);
        const bool words = std::holds_alternative<std::string>(row[i]);
        const bool unknown = std::holds_alternative<std::monostate>(row[i]);
        if (unknown) CHECK(column.nullable);
        if (column.type == ListingColumn::Type::text) CHECK(words);
        if (column.type == ListingColumn::Type::count) CHECK((std::holds_alternative<Count>(row[i]) || unknown));
        if (column.type == ListingColumn::Type::integer) CHECK(!words);
        CHECK(!column.meaning.empty());
        CHECK(column.unit.empty() == (column.type == ListingColumn::Type::text));
      }
    }
  }
}

TEST_CASE("a model is listed with what its checkpoint holds, and what is not explained") {
  const CatalogueListing models = list_catalogue("models", "");
  CHECK(models.rows.size() == catalogue().size());
  // 128,256 * 4,096 * 2 of embedding and head; 32 layers of 2 * 4,096^2 + 2 * 4,096 * 1,024 + 3 * 4,096 * 14,336
  // + 2 * 4,096; 4,096 of the last norm.
  CHECK(value(models, "Llama-3.1-8B", "parameters") == CatalogueValue(Count{8'030'261'248}));
  CHECK(value(models, "Llama-3.1-8B", "difference") == CatalogueValue(Count{}));
  CHECK(value(models, "Llama-3.1-8B", "effective_context") == CatalogueValue(Count{131'072}));
  // What is published of some models is less than their shapes have: never a huge count.
  const auto negative = std::count_if(models.rows.begin(), models.rows.end(),
                                      [](const auto& row) { return std::holds_alternative<Negative>(row[6]); });
  CHECK(models.kind->columns[6].name == "difference");
  CHECK(negative == 3);
}

TEST_CASE("the table of devices that is made at build time is what their entries say") {
  const std::span<const CatalogueEntry> entries = accelerator_catalogue();
  REQUIRE(listed_accelerators().size() == entries.size());
  const auto is = [](const std::optional<Count>& count, const std::optional<std::uint64_t>& listed) {
    return count.has_value() == listed.has_value() && (!count || *count == Count{*listed});
  };
  for (std::size_t i = 0; i < entries.size(); ++i) {
    CAPTURE(entries[i].id);
    const Accelerator gpu = load_accelerator(entries[i].id);
    const ListedAccelerator& listed = listed_accelerators()[i];
    CHECK(gpu.memory_bytes == Count{listed.memory_bytes});
    CHECK(is(gpu.memory_reported_mib, listed.memory_reported_mib));
    CHECK(gpu.bandwidth_bytes_per_s == Count{listed.bandwidth_bytes_per_s});
    CHECK(is(gpu.link_bytes_per_s, listed.link_bytes_per_s));
    CHECK(is(gpu.tdp_watts, listed.tdp_watts));
    // The first published of bf16, fp16 and fp32.
    std::string_view type = "";
    for (const std::string_view wanted : {"fp32", "fp16", "bf16"}) {
      for (const auto& peak : gpu.peak_dense_flops) {
        if (peak.first != wanted) continue;
        type = wanted;
        CHECK((wanted != listed.peak_type || peak.second == Count{listed.peak_dense_flops}));
      }
    }
    CHECK(listed.peak_type == type);
  }
}

TEST_CASE("devices, types and engines are listed with their numbers") {
  const CatalogueListing gpus = list_catalogue("gpus", "");
  CHECK(value(gpus, "h100-sxm-80gb", "memory_bytes") == CatalogueValue(Count{80} * Count{1 << 30}));
  CHECK(value(gpus, "h100-sxm-80gb", "peak_type") == words("bf16"));
  CHECK(value(gpus, "m3-max-128gb", "memory_reported_mib") == CatalogueValue());
  const CatalogueListing precisions = list_catalogue("precisions", "");
  // 32 bytes and a scale of two.
  CHECK(value(precisions, "q8_0", "block_bytes") == CatalogueValue(Count{34}));
  CHECK(value(precisions, "q8_0", "stores") == words("weights, cache"));
  CHECK(value(precisions, "Q4_K_M", "block") == CatalogueValue());
  CHECK(value(list_catalogue("engines", ""), "ideal", "settings") == words(""));
  CHECK(value(list_catalogue("mechanisms", ""), "sliding_window", "keys") == words("window"));
}

TEST_CASE("an unknown kind is refused by the name that the caller gives") {
  CHECK_THROWS_WITH_AS(list_catalogue("model", "the kind"),
                       "the kind: unknown kind \"model\"; did you mean \"models\"?", InputError);
  CHECK_THROWS_WITH_AS(list_catalogue("xyz", "the kind"),
                       "the kind: unknown kind \"xyz\" (models, gpus, precisions, mechanisms, engines, metrics)",
                       InputError);
}
