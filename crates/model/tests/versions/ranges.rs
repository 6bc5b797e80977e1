//! Holds ranges against the tools that define them.
//!
//! Each tool gets every expression with a version in one process and answers with one line: `1` where
//! the version is in the range, `0` where it is not, `?` where the tool refuses one of them. Tools
//! that leave prereleases out of ranges are told not to, or are not asked about them.

use std::path::Path;
use std::process::Command;

use plimsoll_model::range::{contains, parse};
use plimsoll_model::version::Scheme;
use plimsoll_testkit::skip;

use crate::dice::Dice;
use crate::languages::{node_script, python_with, source_file};
use crate::tools::{answers, as_lines, assert_none, run};

/// Is how expressions of one system are made.
struct Grammar {
    scheme: Scheme,
    operators: &'static [&'static str],
    /// What stands between comparisons.
    joints: &'static [&'static str],
    /// What the versions of bounds end with; most have none of it.
    ends: &'static [&'static str],
    /// What versions end with.
    suffixes: &'static [&'static str],
    /// How few numbers a bound may have.
    least: usize,
    /// Whether `1.2 - 2.3` is a range.
    hyphens: bool,
}

impl Grammar {
    fn numbers(dice: &mut Dice, least: usize) -> String {
        let count = least + dice.below(4 - least);
        let numbers = (0..count).map(|_| dice.below(3).to_string());
        numbers.collect::<Vec<_>>().join(".")
    }

    /// Returns expressions with versions.
    fn pairs(&self, count: usize) -> Vec<(String, String)> {
        let mut dice = Dice(u64::from(self.scheme as u8) + 100);
        let pair = |_| {
            let mut text = String::new();
            if self.hyphens && dice.one_in(8) {
                text = Self::numbers(&mut dice, self.least) + " - ";
                text.push_str(&Self::numbers(&mut dice, self.least));
            } else {
                for index in 0..=dice.below(3) {
                    if index > 0 {
                        text.push_str(dice.pick(self.joints));
                    }
                    text.push_str(dice.pick(self.operators));
                    let numbers = Self::numbers(&mut dice, self.least);
                    text.push_str(&numbers);
                    let end = dice.pick(self.ends);
                    // Of an npm version with fewer numbers, the prerelease is passed over or not.
                    let whole = numbers.matches('.').count() == 2;
                    let sense = match end {
                        ".*" | ".x" => !whole,
                        _ => whole || self.scheme != Scheme::Npm,
                    };
                    if sense && dice.one_in(3) {
                        text.push_str(end);
                    }
                }
            }
            let mut version = Self::numbers(&mut dice, 3);
            if dice.one_in(3) {
                version.push_str(dice.pick(self.suffixes));
            }
            (text, version)
        };
        (0..count).map(pair).collect()
    }

    /// Asks a tool, and holds every answer against ours.
    fn check(&self, command: &mut Command) {
        let pairs = self.pairs(20_000);
        let said = run(command, &as_lines(&pairs));
        assert_eq!(said.lines().count(), pairs.len(), "one answer per pair");
        let said = said.lines().map(|said| match said {
            "1" => Some(true),
            "0" => Some(false),
            _ => None,
        });
        self.check_answers(&pairs, said);
    }

    fn check_answers(&self, pairs: &[(String, String)], said: impl Iterator<Item = Option<bool>>) {
        let (mut asked, mut inside) = (0, 0);
        let mut wrong = Vec::new();
        for ((text, version), theirs) in pairs.iter().zip(said) {
            let Some(theirs) = theirs else { continue };
            asked += 1;
            inside += usize::from(theirs);
            let ours = parse(self.scheme, text)
                .map(|intervals| contains(self.scheme, &intervals, version));
            if ours != Ok(theirs) {
                wrong.push(format!("{version} in {text}: {theirs}, ours {ours:?}"));
            }
        }
        println!("{}: {asked} ranges, {inside} held", self.scheme.as_str());
        assert!(asked >= 2_000, "the tool answered {asked}");
        assert!(inside * 20 > asked, "only {inside} are inside");
        assert_none(wrong.into_iter());
    }
}

#[test]
fn npm_ranges_agree_with_node_semver() {
    let script = node_script(
        "
for (const line of fs.readFileSync(0, 'utf8').split('\\n').slice(0, -1)) {
  const [range, version] = line.split('\\t');
  const options = { loose: true, includePrerelease: true };
  const known = semver.validRange(range, options) !== null && semver.valid(version, true);
  console.log(known ? (semver.satisfies(version, range, options) ? '1' : '0') : '?');
}
",
    );
    if !answers(Command::new("node").args(["-e", &script, "there?"])) {
        return skip(
            "npm_ranges_agree_with_node_semver",
            "Node.js is not installed",
        );
    }
    Grammar {
        scheme: Scheme::Npm,
        operators: &[
            "", ">=", "<", "<=", ">", "^", "~", "=", ">= ", "^", "~", "<",
        ],
        joints: &[" ", " ", " || ", "||"],
        ends: &[".x", ".*", "-beta.2", "-0", "-rc"],
        suffixes: &["-beta.2", "-beta.10", "-0", "-rc.1", "+1"],
        least: 1,
        hyphens: true,
    }
    .check(Command::new("node").args(["-e", &script]));
}

#[test]
fn cargo_ranges_agree_with_the_semver_crate() {
    let grammar = Grammar {
        scheme: Scheme::Cargo,
        operators: &["", ">=", "<", "<=", ">", "^", "~", "=", ">= ", "< "],
        joints: &[", ", ","],
        ends: &[".*"],
        suffixes: &["+1"],
        least: 1,
        hyphens: false,
    };
    let pairs = grammar.pairs(20_000);
    let said = pairs.iter().map(|(text, version)| {
        let text = semver::VersionReq::parse(text).ok()?;
        Some(text.matches(&semver::Version::parse(version).ok()?))
    });
    grammar.check_answers(&pairs, said);
}

#[test]
fn gem_ranges_agree_with_rubygems() {
    if !answers(Command::new("ruby").args(["-e", "Gem::Requirement"])) {
        return skip("gem_ranges_agree_with_rubygems", "Ruby is not installed");
    }
    let script = "
$stdin.each_line(chomp: true) do |line|
  range, version = line.split(\"\\t\")
  begin
    puts Gem::Requirement.new(*range.split(',')).satisfied_by?(Gem::Version.new(version)) ? 1 : 0
  rescue ArgumentError
    puts '?'
  end
end
";
    Grammar {
        scheme: Scheme::Gem,
        operators: &["", ">= ", "< ", "<= ", "> ", "~> ", "~> ", "= ", "!= "],
        joints: &[", ", ","],
        ends: &[".rc1", ".beta2", ".a", "-1"],
        suffixes: &[".rc1", ".beta2", ".a", ".1", ".0"],
        least: 1,
        hyphens: false,
    }
    .check(Command::new("ruby").args(["-e", script]));
}

#[test]
fn composer_ranges_agree_with_composer_semver() {
    let library = "/usr/share/php/Composer/Semver/autoload.php";
    if !Path::new(library).exists() || !answers(Command::new("php").arg("--version")) {
        return skip(
            "composer_ranges_agree_with_composer_semver",
            "php-cli and php-composer-semver are not installed",
        );
    }
    let script = "
require '/usr/share/php/Composer/Semver/autoload.php';
while (($line = fgets(STDIN)) !== false) {
    [$range, $version] = explode(\"\\t\", rtrim($line, \"\\n\"));
    try {
        echo Composer\\Semver\\Semver::satisfies($version, $range) ? 1 : 0, \"\\n\";
    } catch (UnexpectedValueException $e) {
        echo \"?\\n\";
    }
}
";
    Grammar {
        scheme: Scheme::Composer,
        operators: &["", ">=", "<", "<=", ">", "^", "~", "=", "!=", ">= ", "<"],
        joints: &[",", " ", " || ", "|", ", "],
        ends: &[".*", "-beta2", "-RC1", ".x"],
        suffixes: &["-beta2", "-RC1", "-alpha", "-dev", "-p1", ".1"],
        least: 1,
        hyphens: true,
    }
    .check(Command::new("php").args(["-r", script]));
}

#[test]
fn hex_ranges_agree_with_elixir() {
    if !answers(Command::new("elixir").arg("--version")) {
        return skip("hex_ranges_agree_with_elixir", "Elixir is not installed");
    }
    let script = "
for line <- IO.stream(:stdio, :line) do
  [range, version] = line |> String.trim_trailing(\"\\n\") |> String.split(\"\\t\")
  with {:ok, range} <- Version.parse_requirement(range), {:ok, version} <- Version.parse(version) do
    IO.puts(if Version.match?(version, range), do: \"1\", else: \"0\")
  else
    _ -> IO.puts(\"?\")
  end
end
";
    Grammar {
        scheme: Scheme::Hex,
        operators: &["~> ", "~> ", ">= ", "< ", "<= ", "> ", "== "],
        joints: &[" and ", " or "],
        ends: &["-beta.2", "-rc.1"],
        suffixes: &["-beta.2", "-rc.1", "+1"],
        least: 2,
        hyphens: false,
    }
    .check(Command::new("elixir").args(["-e", script]));
}

#[test]
fn maven_ranges_agree_with_version_range() {
    let jar = "/usr/share/java/maven-artifact-3.x.jar";
    let jars = format!("{jar}:/usr/share/java/commons-lang3.jar");
    if !Path::new(jar).exists() || !answers(Command::new("javac").arg("-version")) {
        return skip(
            "maven_ranges_agree_with_version_range",
            "a JDK and libmaven3-core-java are not installed",
        );
    }
    let source = "
import java.io.*;
import org.apache.maven.artifact.versioning.*;
class Ranges {
    public static void main(String[] arguments) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        StringBuilder out = new StringBuilder();
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] pair = line.split(\"\\t\");
            try {
                VersionRange range = VersionRange.createFromVersionSpec(pair[0]);
                out.append(range.containsVersion(new DefaultArtifactVersion(pair[1])) ? \"1\\n\" : \"0\\n\");
            } catch (InvalidVersionSpecificationException e) {
                out.append(\"?\\n\");
            }
        }
        System.out.print(out);
    }
}
";
    let file = source_file("Ranges.java", source);
    let mut dice = Dice(77);
    let version = |dice: &mut Dice| {
        let end = dice.pick(&["", "", "-rc1", "-SNAPSHOT", "-sp"]);
        format!("{}{end}", Grammar::numbers(dice, 1))
    };
    let mut pair = |_| {
        let (a, b, wanted) = (version(&mut dice), version(&mut dice), version(&mut dice));
        let text = match dice.below(6) {
            0 => format!("(,{a}]"),
            1 => format!("[{a},)"),
            2 => format!("[{a}]"),
            3 => format!("(,{a}),[{b},)"),
            4 => format!("[{a},{b})"),
            _ => format!("({a},{b}]"),
        };
        (text, wanted)
    };
    let pairs = (0..20_000).map(&mut pair).collect::<Vec<_>>();
    let said = run(
        Command::new("java").args(["-cp", &jars]).arg(file),
        &as_lines(&pairs),
    );
    let grammar = Grammar {
        scheme: Scheme::Maven,
        operators: &[],
        joints: &[],
        ends: &[],
        suffixes: &[],
        least: 1,
        hyphens: false,
    };
    let said = said
        .lines()
        .map(|said| (said != "?").then_some(said == "1"));
    grammar.check_answers(&pairs, said);
}

#[test]
fn pypi_ranges_agree_with_packaging() {
    let Some(python) = python_with("packaging.specifiers") else {
        return skip(
            "pypi_ranges_agree_with_packaging",
            "packaging is not installed",
        );
    };
    // Of prereleases of `<`'s bound and post-releases of `>`'s, an advisory means what the order says.
    let script = "
import sys
from packaging.specifiers import Specifier, SpecifierSet
from packaging.version import Version
for line in sys.stdin:
    text, version = line.rstrip('\\n').split('\\t')
    try:
        range, version = SpecifierSet(text), Version(version)
        if not all(isinstance(one, Specifier) for one in range):
            raise ValueError('older than PEP 440')
        odd = (version.is_prerelease or version.is_postrelease) and any(
            Version(one.version).release + (0,) * (3 - len(Version(one.version).release))
            == version.release for one in range if one.operator in '<>')
        print('?' if odd else '1' if range.contains(version, prereleases=True) else '0')
    except Exception:
        print('?')
";
    Grammar {
        scheme: Scheme::Pypi,
        operators: &["==", ">=", "<", "<=", ">", "~=", "!=", "== ", ">= "],
        joints: &[",", ", "],
        ends: &[".*", "rc1", ".post1", ".dev2", "a1"],
        suffixes: &["rc1", ".post1", ".dev2", "a1", "+local"],
        least: 1,
        hyphens: false,
    }
    .check(Command::new(python).args(["-c", script]));
}
