// ctxcost solve: the largest context or batch, the fewest devices or the widest types that still fit, each with proof.
#include "command.h"
#include "complaints.h"
#include "ctxcost/answer/solve_answer.h"
#include "ctxcost/core/diagnostic.h"
#include "deployment_options.h"
#include "option_values.h"
#include "render/solve_document.h"
#include "request_options.h"
#include "targets.h"

namespace ctxcost::cli {
namespace {

constexpr std::string_view kSolveExamples =
    "  ctxcost solve context llama-3.1-8b --gpu rtx-4090-24gb --weights int4\n"
    "  ctxcost solve gpus llama-3.3-70b-instruct --gpu h100-sxm-80gb -n 128K -b 8\n"
    "  ctxcost solve kv-precision llama-3.1-8b --gpu rtx-4090-24gb -n 64K\n"
    "  ctxcost solve users llama-3.1-8b --gpu l40s-48gb --lengths 4K:32K\n";

const SolveQuestion& read_unknown(const Arguments& arguments) {
  std::vector<std::string_view> names;
  std::string all;
  for (const SolveQuestion& question : solve_questions()) {
    names.push_back(question.name);
    all += (all.empty() ? "" : ", ") + std::string(question.name);
  }
  if (arguments.words().empty()) {
    throw InputError(Diagnostic{"solve", "", "expected WHAT to look for and a MODEL, found nothing", all});
  }
  const std::string& word = arguments.words().front();
  for (const SolveQuestion& question : solve_questions()) {
    if (question.name == word) return question;
  }
  const std::string hint = did_you_mean(word, names);
  throw InputError(Diagnostic{"solve", "", "unknown question \"" + word + "\"", hint.empty() ? all : hint});
}

void check_given(const SolveQuestion& question, const Arguments& arguments) {
  const std::string name = "--" + std::string(question.name);
  const auto refuse = [&](std::string_view asked) {
    throw_fault(asked, "`solve " + std::string(question.name) + "` looks for this value", "leave the option out");
  };
  if (question.name != "gpus" && arguments.has(find_option(name)->id)) refuse(name);
  const bool users = question.unknown == Unknown::users || question.unknown == Unknown::batch;
  for (const OptionId id : {OptionId::users, OptionId::batch}) {
    if (users && arguments.has(id)) refuse(option(id).name);
  }
  if (question.unknown == Unknown::context && arguments.has(OptionId::lengths)) {
    throw_fault(option(OptionId::lengths).name, "`solve context` looks for one length of all requests",
                "leave the option out, or ask `solve users`");
  }
  if (!users) require_users(arguments);
}

Status run_solve(const Arguments& arguments) {
  const RenderOptions options = render_options(arguments);
  const std::vector<Target> documents = targets(arguments, kSolveShape);
  const SolveQuestion& unknown = read_unknown(arguments);
  check_given(unknown, arguments);
  DeploymentQuestion question =
      read_question("solve", arguments, {arguments.words().begin() + 1, arguments.words().end()});
  if (unknown.unknown == Unknown::gpus && !arguments.has(OptionId::gpu)) {
    throw InputError(Diagnostic{"solve gpus", "", "expected --gpu NAME, found none", "`ctxcost list gpus` shows all"});
  }
  const std::size_t asked = question.models.size();
  if (unknown.unknown != Unknown::context) leave_out_without_context(question);
  const SolveAnswers solved = solve(unknown.unknown, question);
  for (const InputError& error : solved.left_out) leave_out(error, asked);
  if (solved.answers.empty()) return Status::no_answer;

  const SolveDocument document(solved, options);
  deliver(arguments, documents, document);
  return solved.any() || arguments.has(OptionId::exit_zero) ? Status::answered : Status::over_budget;
}

}  // namespace

extern const Command kSolve;
const Command kSolve = {"solve",
                        "WHAT MODEL...",
                        "best context, batch, users, gpus, kv-precision, weights",
                        deployment_options_without_verbose(),
                        kSolveExamples,
                        run_solve,
                        [] { return target_formats(kSolveShape); },
                        Completion::model,
                        "Limits: at most 10,000 points (models, types, engines, GPUs, contexts and\n"
                        "batches multiplied); 16,384 layers, 2,048 of more than 32 kinds, 1,024 kinds;\n"
                        "`solve gpus` tries degrees up to 1,024; of a machine of unequal cards (A:2+B)\n"
                        "it finds the fewest, those of most memory first, of at most 4,096 sets.\n",
                        Completion::question};

}  // namespace ctxcost::cli
