// Python's regular expressions: every expectation is what CPython 3.11's re.match says.
#include "input/huggingface/python_pattern.h"

#include <doctest/doctest.h>

#include <string>

using namespace ctxcost::huggingface;

namespace {

std::string fault_of(std::string_view pattern) {
  try {
    PythonPattern{pattern};
  } catch (const PatternFault& fault) {
    return fault.message;
  }
  return "no fault";
}

}  // namespace

TEST_CASE("a pattern matches as Python's re.match does") {
  struct Row {
    const char* pattern;
    const char* text;
    bool matches;
  };
  const Row rows[] = {
      {"lm_head", "lm_head", true},
      {"lm_head", "lm_head.weight", true},
      {"head", "lm_head", false},
      {".*self_attn.*", "model.layers.0.self_attn.q_proj", true},
      {".*mlp\\.(gate|up|gate_up|down)_proj.*", "model.layers.0.mlp.up_proj", true},
      {".*mlp\\.(gate|up|gate_up|down)_proj.*", "model.layers.0.mlp.experts.0.up_proj", false},
      {".*.*.*.*.*mlp.*", "model.layers.31.mlp.down_proj", true},
      {".*.*.*.*.*mlp.*", "model.layers.31.self_attn.q_proj", false},
      {".*mlp.gate$", "model.layers.3.mlp.gate", true},
      {".*mlp.gate$", "model.layers.3.mlp.gate_proj", false},
      {"mlp.*", "model.layers.3.mlp.gate", false},
      {"model.layers.[0-2].mlp", "model.layers.2.mlp.up_proj", true},
      {"model.layers.[^0-2].mlp", "model.layers.2.mlp.up_proj", false},
      {"^model\\.layers\\.\\d+\\.mlp", "model.layers.12.mlp.up_proj", true},
      {"model\\.layers\\.(\\d|1[0-5])\\.", "model.layers.15.mlp", true},
      {"model\\.layers\\.(\\d|1[0-5])\\.", "model.layers.16.mlp", false},
      {"model\\.layers\\.\\d{1}\\.mlp", "model.layers.12.mlp", false},
      {"model\\.layers\\.\\d{2,}\\.mlp", "model.layers.12.mlp", true},
      {"model\\.layers\\.\\d{,1}\\.mlp", "model.layers.12.mlp", false},
      {"model\\.layers\\.1{0,2}\\.mlp", "model.layers.11.mlp", true},
      {"(?!.*lm_head).*proj", "model.layers.0.mlp.up_proj", true},
      {"(?!.*up_proj).*proj", "model.layers.0.mlp.up_proj", false},
      {".*(?=gate)", "mlp.gate", true},
      {".*mlp\\.(?!gate).*", "mlp.gate_proj", false},
      {".*mlp\\.(?!gate).*", "mlp.up_proj", true},
      {"(?:(?!experts).)*$", "mlp.experts.0", false},
      {"(?:(?!experts).)*$", "mlp.up_proj", true},
      {"(?=(?!a)b)b", "b", true},
      {"(?:model\\.)?layers", "model.layers.0", true},
      {"(?:model\\.)?layers", "layers.0", true},
      {"(?P<part>mlp|self_attn)\\.", "mlp.up_proj", true},
      {"(?i)LM_HEAD", "lm_head", true},
      {"(?i:LM)_HEAD", "lm_head", false},
      {"(?i)[^L]m", "lm", false},
      {"\\w+\\.\\w+$", "model.layers", true},
      {"\\w+\\.\\w+$", "model.layers.0", false},
      {"\\W", ".a", true},
      {"\\S+\\s\\S", "a b", true},
      {"\\D+\\d\\Z", "layers.1", true},
      {"\\Amodel", "model", true},
      {".*\\bmlp\\b", "x.mlp.y", true},
      {".*\\bmlp\\b", "x.mlp_y", false},
      {".*\\Bmlp", "x_mlp", true},
      {"a{", "a{", true},
      {"a{,", "a{,b", true},
      {"a{1", "a{1", true},
      {"x{2}y", "xxy", true},
      {"(ab){2,3}$", "ababab", true},
      {"(ab){2,3}$", "abababab", false},
      {"(a*)*b", "aaab", true},
      {"(a?){30}a{30}", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", true},
      {"a|b|c", "c", true},
      {"(|a)b", "b", true},
      {"", "x", true},
      {"()*x", "x", true},
      {"[]a]+$", "a]", true},
      {"[^]a]", "]", false},
      {"[a\\-z]", "-", true},
      {"[a-]", "-", true},
      {"[\\d.]+$", "1.2", true},
      {"[.]", "a", false},
      {"\\x61\\u0062\\143", "abc", true},
      {"\\.", "a", false},
      {"a.c", "a\nc", false},
      {"(?s)a.c", "a\nc", true},
      {"a$", "a\n", true},
      {"(?m)^a$.^b", "a\nb", false},
      {"(?ms)^a$.^b", "a\nb", true},
      {"(?#a comment)a", "a", true},
      {"a*?b", "aab", true},
      {"é", "e", false},
      {"é?e", "e", true},
      {"[^é]", "e", true},
      // Characters by their numbers.
      {"\\x6dlp", "mlp", true},
      {"\\x6Dlp", "mlp", true},
      {"\\u006dlp", "mlp", true},
      {"\\U0000006Dlp", "mlp", true},
      {"\\u00e9?mlp", "mlp", true},
      {"\\155lp", "mlp", true},
      {"\\0?mlp", "mlp", true},
      {"\\052", "*", true},
      {"[\\52]", "*", true},
      {"[\\200]", "a", false},
      {"\\a?\\f?\\v?\\r?\\t\\n", "\t\n", true},
      {"a\\-b", "a-b", true},
      // Flags.
      {"(?i)[k-m]LP", "mlp", true},
      {"(?i)[^k-m]lp", "MLP", false},
      {"(?i:A)b", "aB", false},
      {"(?i:A)b", "ab", true},
      {"(?is)A.B", "a\nb", true},
      {"(?a)mlp", "mlp", true},
      {"(?u)mlp", "mlp", true},
      {"(?ai:M)lp", "mlp", true},
      {"(?i)(?-i:M)LP", "mlp", false},
      {"(?i)(?-i:m)LP", "mlp", true},
      {"(?s)(?-s:a.)b", "a\nb", false},
      {"(?i-s:A.)", "ab", true},
      // Braces that count nothing.
      {"a{}", "a{}", true},
      {"a{x", "a{x", true},
      {"a{1", "a{1", true},
      {"a{1,", "a{1,", true},
      {"a{", "a{", true},
      {"a{,}b", "aaab", true},
      // Places.
      {"(?m)a$", "a\nb", true},
      {"(?m)a$", "ab", false},
      {"(?m)b$", "b", true},
      {"(?m)a\n^b", "a\nb", true},
      {"(?m)a^b", "ab", false},
      {"a\\Z", "a", true},
      {"a\\Z", "a\n", false},
      {"\\Ab", "b", true},
      {"a\\Ab", "ab", false},
      {"a\\Bb", "ab", true},
      {"a\\B", "a", false},
      {"\\B", "", false},
      {"\\b", "", false},
      {"\\B-", "-", true},
      {"a(?=)b", "ab", true},
      // Classes.
      {"[]a]", "]", true},
      {"[^]a]", "b", true},
      {"[a-]", "-", true},
      {"[a-é]", "z", true},
      {"[\\]x]", "]", true},
      {"[\\n-\\r]", "\r", true},
      {"(?#x)", "a", true},
      {"a|", "b", true},
      {"(?P<a1>x)", "x", true},
      // CPython takes exponential time over these two; neither text holds what the pattern ends with.
      {"(a*)*(a*)*(a*)*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
      {"(([a-z_.0-9]+)+)+!0", "model.layers.0.self_attn.q_proj", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.pattern);
    CAPTURE(row.text);
    CHECK(PythonPattern(row.pattern).matches(row.text) == row.matches);
  }
}

TEST_CASE("what Python refuses and what is not supported is named") {
  struct Row {
    const char* pattern;
    const char* message;
  };
  const Row rows[] = {
      {"(unclosed", "missing ), unterminated subpattern"},
      {"a)", "unbalanced )"},
      {"[a", "unterminated character set"},
      {"[b-a]", "bad character range"},
      {"*a", "nothing to repeat"},
      {"a**", "multiple repeat"},
      {"a{2,1}", "min repeat greater than max repeat"},
      {"(?P<n>a)(?P<n>b)", "redefinition of group name \"n\""},
      {"(?P<1>a)", "bad character in group name \"1\""},
      {"a(?i)b", "global flags not at the start of the expression"},
      {"\\", "bad escape (end of pattern)"},
      {"\\q", "bad escape \\q"},
      {"\\xg1", "incomplete escape \\x"},
      {"^*", "nothing to repeat"},
      {"(?y)", "unknown extension ?y"},
      {"(a)\\1", "a backreference \\1 is not supported"},
      {"(?<=a)b", "a lookbehind (?<= is not supported"},
      {"(?(1)a|b)", "a conditional (?( is not supported"},
      {"(?>a)", "an atomic group (?> is not supported"},
      {"a*+", "a possessive quantifier is not supported"},
      {"(?x) a", "the flag x is not supported"},
      {"(a{99}){99}", "more than 4096 steps once repetitions are written out"},
      {"(((){999}){999}){999}", "too many steps once repetitions are written out"},
      {"(?#", "missing ), unterminated comment"},
      {"(?P<>a)", "missing group name"},
      {"(?P<n", "missing group name"},
      {"(?P<n>", "missing ), unterminated subpattern"},
      {"(?P<a-b>x)", "bad character in group name \"a-b\""},
      {"(?P=n)", "a backreference (?P= is not supported"},
      {"(?<!a)b", "a lookbehind (?<! is not supported"},
      {"\\18", "a backreference \\1 is not supported"},
      {"\\400", "octal escape value outside of range 0-0o377"},
      {"[\\400]", "octal escape value outside of range 0-0o377"},
      {"\\N{DASH}", "the escape \\N is not supported"},
      {"\\x1", "incomplete escape \\x"},
      {"\\u12g4", "incomplete escape \\u"},
      {"\\U0000", "incomplete escape \\U"},
      {"(?i", "missing ), unterminated subpattern"},
      {"(?", "missing ), unterminated subpattern"},
      {"(?:", "missing ), unterminated subpattern"},
      {"(?)", "unknown extension ?)"},
      {"(?:a)(?:)*(?i-)", "unknown extension ?)"},
      {"(?i--s:a)", "unknown extension ?-"},
      {"[\\d-x]", "bad character range"},
      {"[a-\\d]", "bad character range"},
      {"[a\\", "bad escape (end of pattern)"},
      {"[a-", "unterminated character set"},
      {"[^", "unterminated character set"},
      {"[\\q]", "bad escape \\q"},
      {"+", "nothing to repeat"},
      {"a|*", "nothing to repeat"},
      {"(*)", "nothing to repeat"},
      {"a{1}{2}", "multiple repeat"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.pattern);
    CHECK(fault_of(row.pattern) == row.message);
  }
  CHECK(fault_of(std::string(5000, 'a')) == "longer than 4096 characters");
  CHECK(fault_of(std::string(300, '(') + std::string(300, ')')) == "more than 100 groups inside each other");
}

TEST_CASE("the work of a match grows with the text alone, by at most all instructions a character") {
  PythonPattern pattern("(([a-z_.0-9]+)+)+!0");
  CHECK_FALSE(pattern.matches(std::string(1000, 'a')));
  const std::uint64_t first = pattern.work();
  CHECK(first <= 1001 * 100);
  // A longer text of the same kind meets no new state.
  CHECK_FALSE(pattern.matches(std::string(100'000, 'a')));
  CHECK(pattern.work() <= first + 100'000 + 100);
}
