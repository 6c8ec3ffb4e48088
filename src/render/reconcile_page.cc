// The page of `reconcile`.
#include "core/format.h"
#include "ctxcost/core/units.h"
#include "number.h"
#include "option_text.h"
#include "reconcile_document.h"

namespace ctxcost {
namespace {

/// Ours in the unit and with the decimals of the log.
std::string in_printed_form(const ReconciledFigure& figure) {
  PrintedNumber value = figure.printed.value;
  if (figure.ratio) {
    return grouped_real(*figure.ratio, static_cast<int>(value.decimals)) + std::string(value.word);
  }
  if (!figure.ours) return "–";
  Count power = 1;
  for (std::uint32_t i = 0; i < value.decimals; ++i) power *= 10;
  value.digits = (*figure.ours * power * 2 + value.unit) / (value.unit * 2);
  return value.text();
}

/// In the form of logs: "2.05 GiB".
std::string gib_text(Count bytes) {
  constexpr Count kGiB = 1 << 30;
  return PrintedNumber{(bytes * 200 + kGiB) / (kGiB * 2), 2, kGiB, 1, "GiB"}.text();
}

std::string difference_text(const ReconciledFigure& figure) {
  const std::optional<SignedCount> difference = figure.difference();
  if (!difference) return "–";
  if (difference->magnitude == 0) return "0";
  return (difference->negative ? "-" : "+") + with_separators(difference->magnitude);
}

/// "context 32,768 (line 4)"
std::string reconciled_setting_text(const ReconciledSetting& setting) {
  return format("{} {} ({})", setting.name, setting.value,
                setting.line > 0 ? "line " + std::to_string(setting.line) : std::string(setting.origin));
}

void write_figures(const Reconciliation& model, TextDocument& page) {
  std::vector<std::vector<std::string>> rows;
  for (const ReconciledFigure& figure : model.figures) {
    rows.push_back({figure_words(figure.printed), figure.printed.line > 0 ? std::to_string(figure.printed.line) : "–",
                    figure.printed.value.text(), in_printed_form(figure),
                    figure.ours ? with_separators(*figure.ours) : "–", difference_text(figure),
                    std::string(kAgreementWords[static_cast<std::size_t>(figure.verdict)])});
  }
  page.table(
      {{.heading = "Figure", .about = {"figure", {}, "what the log prints"}},
       {.heading = "Line", .right_aligned = true, .rank = 2, .about = {"line", {}, "of the log"}},
       {.heading = "Log", .right_aligned = true, .about = {"printed", {}, "as the log prints it"}},
       {.heading = "ctxcost", .right_aligned = true, .about = {"ours", {}, "counted, in the log's unit and digits"}},
       {.heading = "Exact", .right_aligned = true, .rank = 1, .about = {"ours", {}, "with every digit"}},
       {.heading = "Difference",
        .right_aligned = true,
        .about = {"difference", {}, "from the nearest value that is printed so; 0: none"}},
       {.heading = "Verdict", .about = {"verdict", {}, "agrees, differs, or no rule gives the figure"}}},
      rows);
}

void write_left(const Reconciliation& model, TextDocument& page) {
  if (!model.beside) return;
  std::string line = format("beside weights and cache: {} a device ({} bytes)", gib_text(*model.beside),
                            with_separators(*model.beside));
  if (model.activations) {
    line += format(", of which fit counts {} as activations", gib_text(*model.activations));
  }
  page.item(line);
  if (model.overhead) {
    page.item("left for fit: " + option_of(Remedy{"overhead", to_string(*model.overhead)}, {}).text());
  } else if (model.activations) {
    page.item("overhead: none, since the activations as counted are more");
  }
}

}  // namespace

std::string figure_words(const LogFinding& finding) {
  return finding.detail.empty() ? std::string(words(finding.figure))
                                : finding.detail + " " + std::string(words(finding.figure));
}

void write_reconciliation(const ReconcileAnswer& answer, const RenderOptions& options, TextDocument& page) {
  bool first = true;
  for (const Reconciliation& model : answer.models) {
    if (!first) page.blank();
    first = false;
    std::size_t held = 0, differing = 0;
    for (const ReconciledFigure& figure : model.figures) {
      held += figure.verdict == Agreement::no_rule ? 0 : 1;
      differing += figure.verdict == Agreement::differs ? 1 : 0;
    }
    const std::string verdict = held == 0 ? std::string("no figure has a rule")
                                : differing == 0
                                    ? format("agrees: {} of {} figures have a rule", held, model.figures.size())
                                    : format("differs: {} of {} figures that have a rule", differing, held);
    page.line(format("{}; {} beside a log of {}{}", verdict, model.model->name, answer.log.format->engine,
                     answer.log.release.empty() ? "" : " " + answer.log.release),
              differing == 0 ? Accent::strong : Accent::bad);
    if (!options.quiet) {
      std::string settings;
      for (const ReconciledSetting& setting : model.settings) {
        settings += (settings.empty() ? "" : ", ") + reconciled_setting_text(setting);
      }
      if (!settings.empty()) page.line("settings: " + settings);
    }
    page.blank();
    write_figures(model, page);
    if (options.quiet) continue;
    if (model.beside || !model.notes.empty()) page.blank();
    write_left(model, page);
    for (const std::string& note : model.notes) page.item("note: " + note);
  }
}

}  // namespace ctxcost
