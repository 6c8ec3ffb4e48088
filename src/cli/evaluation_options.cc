#include "evaluation_options.h"

#include "core/format.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/lengths.h"
#include "option_values.h"

namespace ctxcost::cli {

std::optional<Count> number_of(const Arguments& arguments, OptionId id, Count least) {
  if (!arguments.has(id)) return std::nullopt;
  const Count value = parse_length(arguments.value(id), option(id).name);
  if (value < least) {
    throw_fault(option(id).name, format("expected at least {}, found {}", to_string(least), to_string(value)));
  }
  return value;
}

std::uint64_t read_evaluation_seed(const Arguments& arguments) {
  if (!arguments.has(OptionId::seed)) return 0;
  const std::string_view text = arguments.value(OptionId::seed);
  const std::optional<Count> seed = parse_digits(text);
  if (!seed || !seed->fits_u64()) {
    throw_fault("--seed", format("expected an integer from 0 to 2^64-1, found \"{}\"", text));
  }
  return seed->u64();
}

EvaluationGrid read_evaluation_grid(const Arguments& arguments, EvaluationTest test) {
  EvaluationChoices own;
  own.lengths = lengths(arguments, OptionId::context, 1);
  if (arguments.has(OptionId::depths)) own.depths = parse_depths(arguments.value(OptionId::depths), "--depths");
  own.trials = number_of(arguments, OptionId::trials, 1);
  own.needles = number_of(arguments, OptionId::needles, 1);
  own.documents = lengths(arguments, OptionId::documents, 1);
  own.pairs = lengths(arguments, OptionId::pairs, 1);
  own.gold_positions = lengths(arguments, OptionId::gold_positions, 0);
  own.examples = number_of(arguments, OptionId::examples, 1);
  own.document_tokens = number_of(arguments, OptionId::document_tokens, 1);
  own.pair_tokens = number_of(arguments, OptionId::pair_tokens, 1);
  return evaluation_grid(test, arguments.value(OptionId::evaluation_grid), own);
}

}  // namespace ctxcost::cli
